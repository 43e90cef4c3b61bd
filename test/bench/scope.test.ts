import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createScope } from "../../scripts/bench/scope.ts";

/** Something that takes a while to start, and says when it was stopped. */
function thing(name: string, stopped: string[], ms = 0) {
  return sleep(ms).then(() => ({ stop: () => Promise.resolve(void stopped.push(name)) }));
}

test("what was started last is stopped first", async () => {
  const [scope, stopped] = [createScope(), [] as string[]];
  await scope.start(thing("database", stopped));
  await scope.start(thing("service", stopped));
  await scope.end();
  expect(stopped).toEqual(["service", "database"]);
});

test("what is still starting when the run is interrupted is stopped once it is there", async () => {
  const [scope, stopped] = [createScope(), [] as string[]];
  const starting = scope.start(thing("service", stopped, 30)).catch((error: Error) => error.name);
  await scope.end();
  expect(await starting).toBe("Interrupted");
  expect(stopped).toContain("service");
});

test("one that cannot be stopped, or never started, leaves the others to be stopped", async () => {
  const [scope, stopped] = [createScope(), [] as string[]];
  await scope.start(thing("database", stopped));
  await scope.start(Promise.resolve({ stop: () => Promise.reject(new Error("stuck")) }));
  await expect(scope.start(Promise.reject(new Error("no such program")))).rejects.toThrow("no such program");
  await scope.end();
  expect(stopped).toEqual(["database"]);
});
