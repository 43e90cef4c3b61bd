import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");

// Each is a process of its own.
vi.setConfig({ testTimeout: 60_000 });

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.end());

/** As `npx tsx examples/NAME.ts` runs it. @returns the lines that it prints */
async function example(name: string): Promise<string[]> {
  const { stdout } = await run(process.execPath, ["--import", "tsx", `examples/${name}.ts`], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], COUNTERSIGN_URL: service.url },
    timeout: 60_000,
  });
  return stdout.trimEnd().split("\n");
}

test("progress tracking shows each step up to the result", async () => {
  const lines = await example("progress-tracking");
  expect(lines[1]).toBe("result so far: null");
  expect(lines).toContain(`[${"#".repeat(20)}] 100 % completed`);
  expect(lines.at(-1)).toBe("ended completed: 1250 captured");
});

test("the payment webhook refuses what is forged and hears of the order once", async () => {
  const lines = await example("payment-webhook");
  expect(lines[0]).toBe("a forged webhook is answered 400");
  expect(lines.filter((line) => line === "the shop heard order.completed")).toHaveLength(1);
  expect(lines).toContain("the provider sent payment_intent.succeeded: routed");
  const { body } = await service.call<{ data: unknown[] }>("GET", "/v1/webhook-endpoints");
  expect(body.data).toEqual([]);
});

test("the live log goes on where it left, without a gap or a repeat, and is proven", async () => {
  const lines = await example("live-log");
  const seqs = lines.flatMap((line) => /^ {1,2}(\d+) /.exec(line)?.[1] ?? []).map(Number);
  expect(seqs).toEqual(seqs.map((_, n) => n));
  expect(lines.at(-2)).toContain("order.completed");
  expect(lines.at(-1)).toBe(`valid: ${seqs.length} entries`);
});

test("the approval in steps asks one after the other, and takes the money then", async () => {
  expect(await example("multi-step-approval")).toEqual([
    "held: 1200000",
    "finance: waiting for finance@example.com or controller@example.com",
    "management: waiting for cfo@example.com",
    "finance@example.com: approve Budgeted.",
    "cfo@example.com: approve ",
    "ended completed: 1200000 captured",
    "New supplier: Example Ltd: rejected",
  ]);
});

test("all together: one order, approved, noted, refunded in part, and a valid trail", async () => {
  const lines = await example("all-together");
  expect(lines[0]).toBe("one order: true");
  expect(lines.filter((line) => / note$/.test(line))).toHaveLength(1);
  expect(lines).toContain("100 % completed");
  expect(lines.slice(-4)).toEqual([
    expect.stringMatching(/^refund of 31250: /),
    expect.stringMatching(/^unprocessable: amount must be at most 93750/),
    expect.stringMatching(/^captured 125000, on the balance \d+$/),
    "trail valid: true",
  ]);
});
