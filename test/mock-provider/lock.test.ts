import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import { startMockProvider } from "../../src/mock-provider/server.ts";
import { builtEntry } from "../helpers/built.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "countersign-mock-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const start = () =>
  startMockProvider({ port: 0, host: "127.0.0.1", dataDir: dir, log: pino({ level: "silent" }) });

test("one data directory is served by one process, and the second is told what to do", async () => {
  const first = await start();
  const child = spawn(process.execPath, [...builtEntry("mock-provider"), "--port", "0", "--data-dir", dir], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).toBe(1);
  expect(said.trim().split("\n")).toHaveLength(1);
  expect(said).toContain(`${dir} is in use by process ${process.pid}`);
  expect(said).toContain("--data-dir");
  await expect(start()).rejects.toBeInstanceOf(AppError);
  await first.stop();
  await (await start()).stop();
});

test("a start that follows a stop does not have to wait for long", async () => {
  const first = await start();
  const second = start();
  setTimeout(() => void first.stop(), 200);
  await (await second).stop();
});

test.each([
  ["of a process that is gone", JSON.stringify({ pid: 2 ** 22 - 3, started: "long ago" })],
  ["whose process id is another's by now", JSON.stringify({ pid: process.pid, started: "long ago" })],
  ["that was torn", '{"pid":'],
])("a lock %s is taken over", async (_, content) => {
  writeFileSync(join(dir, "provider.lock"), content);
  await (await start()).stop();
});

test("a port that is taken leaves no lock behind", async () => {
  const other = await start();
  const mine = mkdtempSync(join(tmpdir(), "countersign-mock-"));
  const clash = () =>
    startMockProvider({ port: other.port, host: "127.0.0.1", dataDir: mine, log: pino({ level: "silent" }) });
  await expect(clash()).rejects.toMatchObject({ code: "EADDRINUSE" });
  await expect(clash()).rejects.toMatchObject({ code: "EADDRINUSE" });
  await other.stop();
  rmSync(mine, { recursive: true, force: true });
});
