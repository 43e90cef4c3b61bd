import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inboxCommand } from "../../src/cli/inbox-command.ts";
import { deliver, event, intentOf } from "../inbox/provider-events.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let out: string;
beforeAll(async () => {
  service = await startTestService();
  out = await mkdtemp(join(tmpdir(), "countersign-inbox-"));
});
afterAll(async () => {
  await service?.end();
  await rm(out, { recursive: true, force: true });
});

/** As a person calls it, within this process. @returns what it wrote */
async function inbox(...args: string[]): Promise<string> {
  let written = "";
  const remote = (command: Command) =>
    command.option("--url <url>").option("--key <key>", "", "ck_dev").option("--json", "", false);
  const output = { write: (text: string) => void (written += text), color: false };
  await inboxCommand(remote, output).parseAsync([...args, "--url", service.url], { from: "user" });
  return written;
}

test("an operator lists, shows, counts, replays and exports from the command line", async () => {
  const order = await service.create({ payment: { mode: "client" } });
  const told = event("payment_intent.processing", intentOf(order));
  expect(await deliver(service.url, told)).toBe(204);
  const json = JSON.parse(await inbox("ls", "--event", told.id, "--json")) as { data: { id: string }[] };
  const id = json.data[0]?.id ?? "";
  expect(await inbox("ls", "--order", order.id, "--type", told.type)).toContain("payment_intent.processing");
  expect(JSON.parse(await inbox("show", id))).toMatchObject({
    ...{ id, order_url: `/v1/orders/${order.id}`, body: { id: told.id } },
  });
  expect(await inbox("replay", "--event", told.id, "--dry-run")).toBe("1 matched, 0 replayed\n");
  expect(await inbox("replay", id)).toContain("routed");
  expect(await inbox("replay", "--event", told.id)).toBe("1 matched, 1 replayed: 1 routed\n");
  expect(await inbox("export", "--order", order.id, "--out", out)).toContain(`npx countersign replay ${out}`);
  expect((await readdir(out)).sort()).toEqual(["orders", "scenarios", "webhooks"]);
});

test("what would take in or write out everything is refused in words that help", async () => {
  await expect(inbox("export", "--out", out)).rejects.toThrow("name a filter");
  await expect(inbox("replay")).rejects.toThrow("must name at least one field");
  await expect(inbox("ls", "--after", "yesterday")).rejects.toThrow("RFC 3339");
});
