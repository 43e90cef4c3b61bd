import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtEntry } from "../helpers/built.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

const ROOT = resolve(import.meta.dirname, "../..");

let service: TestService;
let directory: string;
beforeAll(async () => {
  service = await startTestService();
  directory = await mkdtemp(join(tmpdir(), "countersign-fixtures-"));
});
afterAll(async () => {
  await service?.end();
  await rm(directory, { recursive: true, force: true });
});

/** As a person runs it; without blocking this process, which is the service. */
async function play(fixtures: object[], ...args: string[]) {
  const file = join(directory, "fixtures.json");
  await writeFile(
    file,
    JSON.stringify({ _meta: { template_version: 0 }, env: { CURRENCY: "usd" }, fixtures }),
  );
  const where = ["--url", service.url, "--provider", service.providerUrl ?? "", "--json"];
  const command = [...builtEntry("cli"), "replay", file, ...where, ...args];
  const child = spawn(process.execPath, command, {
    cwd: ROOT,
    env: { ...process.env, FIXTURE_AMOUNT: "1250" },
  });
  const exited = once(child, "exit") as Promise<[number | null]>;
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { status, stderr, report: stdout === "" ? null : (JSON.parse(stdout) as { api: Played[] }).api[0] };
}
interface Played {
  ok: boolean;
  requests: { name: string; status: number; id: string | null; error: string | null; ok: boolean }[];
  events: { type: string; state: string | null; order_id: string | null }[];
}

const intent = (more: object = {}) => ({
  ...{ name: "intent", path: "/v1/payment_intents", method: "post" },
  params: {
    ...{ amount: "${.env:FIXTURE_AMOUNT}", currency: "${.env:CURRENCY}", confirm: "true" },
    ...{ payment_method: "${.env:CARD|pm_card_visa}", payment_method_types: ["card"] },
    ...more,
  },
});

test("fixtures of the Stripe CLI are played at the provider, each referring to answers before it", async () => {
  const order = await service.create();
  const { status, report, stderr } = await play(
    [
      intent({ metadata: { order_id: "${order:id}", first: "yes" } }),
      {
        ...{ name: "again", path: "/v1/payment_intents/${intent:id}", method: "get" },
        params: { expand: ["latest_charge"] },
      },
      {
        ...{ name: "refund", path: "/v1/refunds", method: "post" },
        params: { charge: "${again:latest_charge.id}", amount: 250 },
      },
    ],
    "--order",
    order.id,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(report?.requests.map(({ name, ok }) => ({ name, ok }))).toEqual(
    ["intent", "again", "refund"].map((name) => ({ name, ok: true })),
  );
  const types = report?.events.map(({ type }) => type);
  for (const type of ["payment_intent.succeeded", "refund.created"]) expect(types).toContain(type);
  expect(await service.reached(order.id, "partially_refunded")).toMatchObject({
    payment: { amount_captured: 1250, amount_refunded: 250 },
  });
});

test("an error that is expected is one, and one that is not ends it", async () => {
  const declined = intent({ payment_method: "pm_card_chargeDeclined" });
  const expected = await play([{ ...declined, expected_error_type: "card_error" }]);
  expect(expected).toMatchObject({
    status: 0,
    report: { requests: [{ status: 402, error: "card_error", ok: true }] },
  });
  const unexpected = await play([declined, intent()]);
  expect(unexpected).toMatchObject({ status: 1, report: { ok: false } });
  expect(unexpected.report?.requests).toHaveLength(1);
});

test("a reference to nothing is said", async () => {
  const { status, stderr } = await play([
    { name: "refund", path: "/v1/refunds", method: "post", params: { payment_intent: "${intent:id}" } },
  ]);
  expect(status).toBe(2);
  expect(stderr).toContain("refund: ${intent:id} refers to what no request before it answered");
});
