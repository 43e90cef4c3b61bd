import { spawn, type ChildProcess } from "node:child_process";
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { builtEntry } from "../helpers/built.ts";
import { callMock, client, openSink, pay, SECRET, type Sink } from "./provider.ts";

const started: ChildProcess[] = [];
let sink: Sink | null = null;
const dirs: string[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  await sink?.stop();
  sink = null;
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const freshDir = () => {
  const dir = mkdtempSync(join(tmpdir(), "countersign-mock-"));
  dirs.push(dir);
  return dir;
};

async function launch(
  dir: string,
  port: number,
  more: string[] = [],
): Promise<{ child: ChildProcess; port: number; url: string }> {
  const child = spawn(
    process.execPath,
    [...builtEntry("mock-provider"), "--port", String(port), "--data-dir", dir, ...more],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  started.push(child);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once("data", (chunk: Buffer) =>
      resolve((JSON.parse(chunk.toString()) as { url: string }).url),
    );
    child.once("exit", () => reject(new Error("the provider ended before it was ready")));
  });
  return { child, port: Number(new URL(url).port), url };
}
const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) =>
    child.exitCode === null && child.signalCode === null
      ? child.once("exit", (code) => resolve(code))
      : resolve(child.exitCode),
  );

test("killed at once after answering, it knows everything it told, and delivers what it had not", async () => {
  const dir = freshDir();
  const gone = await openSink();
  const port = Number(new URL(gone.url).port);
  await gone.stop();
  const hook = ["--webhook-url", `http://127.0.0.1:${port}/hook`, "--webhook-secret", SECRET];
  const first = await launch(dir, 0, hook);
  const stripe = client(first.port);
  const payment = await pay(stripe, { capture_method: "manual", metadata: { order_id: "ord_1" } }).then(
    (made) => stripe.paymentIntents.capture(made.id, {}, { idempotencyKey: "cap" }),
  );
  first.child.kill("SIGKILL");
  await ended(first.child);
  appendFileSync(join(dir, "provider.jsonl"), '[["mock","payment_intents","pi_torn",{"id":"pi_'); // the kill came in mid-write
  sink = await openSink(port);
  const second = await launch(dir, first.port, hook);
  const again = client(second.port);
  expect(await again.paymentIntents.retrieve(payment.id)).toMatchObject({
    status: "succeeded",
    metadata: { order_id: "ord_1" },
  });
  const replayed = await again.paymentIntents.capture(payment.id, {}, { idempotencyKey: "cap" });
  expect(replayed.lastResponse.headers["idempotent-replayed"]).toBe("true");
  expect(await callMock(second.url, "/ledger")).toMatchObject({
    data: [{ payment_intent: payment.id, captured: 2_000, captures: 1 }],
  });
  await sink.until(() => new Set(sink!.types(payment.id)).size === 3, 10_000);
  expect(new Set(sink.types(payment.id))).toEqual(
    new Set([
      "payment_intent.created",
      "payment_intent.amount_capturable_updated",
      "payment_intent.succeeded",
    ]),
  );
  second.child.kill("SIGTERM");
  expect(await ended(second.child)).toBe(0);
});

test("killed while many pay, no answered payment is lost and none is doubled", async () => {
  const dir = freshDir();
  const first = await launch(dir, 0, ["--compact-after", "20000"]); // many times in this while
  const told: string[] = [];
  const stripe = client(first.port);
  const writers = Array.from({ length: 8 }, async () => {
    for (;;) {
      try {
        told.push((await pay(stripe)).id);
      } catch {
        return;
      }
    }
  });
  const compacted = () => readdirSync(dir).some((name) => /^provider\.([2-9]|\d\d+)\./.test(name));
  while (told.length < 50 || !compacted()) await sleep(20);
  first.child.kill("SIGKILL");
  await Promise.all(writers);
  const second = await launch(dir, 0);
  const page = (await callMock(second.url, "/ledger?limit=1000")) as unknown as {
    data: { payment_intent: string; captures: number }[];
  };
  const known = new Map(page.data.map((each) => [each.payment_intent, each.captures]));
  expect(told.slice(-900).filter((id) => known.get(id) !== 1)).toEqual([]);
});

test("it ends with its parent", async () => {
  const { child } = await launch(freshDir(), 0, ["--with-parent"]);
  child.stdin?.end();
  expect(await ended(child)).toBe(0);
});

test("a port that is taken is an error, not a hang", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const child = spawn(
    process.execPath,
    [...builtEntry("mock-provider"), "--port", String(port), "--data-dir", freshDir()],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  started.push(child);
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  expect(await ended(child)).toBe(1);
  expect(said).toContain(String(port));
});
