import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Koa from "koa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { problems } from "../../src/http/problems.ts";
import { webhookRoutes } from "../../src/http/webhooks.ts";
import { createIntake } from "../../src/inbox/accept.ts";
import { createLog } from "../../src/log.ts";
import { itemShape } from "../../src/payments/adyen/notification.ts";
import { keyOf, signItem } from "../../src/payments/adyen/signature.ts";
import { createAdyenSource } from "../../src/payments/adyen/source.ts";
import { sourcesByName } from "../../src/payments/webhook-source.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

const KEY = "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00";

let service: TestService;
let pool: Pool;
let server: Server;
let url: string;
beforeAll(async () => {
  service = await startTestService();
  const log = createLog("silent");
  pool = createPool({ url: service.databaseUrl, max: 4, applicationName: "adyen", log });
  const sources = sourcesByName(createAdyenSource({ keys: [KEY], merchantAccount: "Ours" }));
  const metrics = createMetrics();
  const app = new Koa();
  app.use(problems(log));
  app.use(
    webhookRoutes({ pool, intake: createIntake({ pool, sources, log }), sources, log, metrics }).routes(),
  );
  const handle = app.callback();
  server = createServer((request, response) => void handle(request, response)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/adyen`;
});
afterAll(async () => {
  await new Promise((resolve) => server?.close(resolve));
  await pool?.end();
  await service?.end();
});

let references = 0;
const reference = () => `PSP${process.pid}X${++references}`;

function item(eventCode: string, more: Record<string, unknown> = {}) {
  const bare = {
    pspReference: reference(),
    originalReference: "",
    merchantAccountCode: "Ours",
    merchantReference: "none",
    amount: { value: 1250, currency: "USD" },
    eventCode,
    success: "true",
    ...more,
  };
  const hmacSignature = signItem(itemShape.parse(bare), keyOf(KEY));
  return { ...bare, additionalData: { hmacSignature } };
}

async function send(...items: unknown[]) {
  const notificationItems = items.map((each) => ({ NotificationRequestItem: each }));
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ live: "false", notificationItems }),
  });
  return { status: response.status, body: await response.text() };
}

async function stored(pspReference: string) {
  const { rows } = await pool.query<Record<string, unknown>>(
    `select event_id, provider, type, state, reason, order_id, duplicates from countersign.inbound_webhooks
      where starts_with(event_id, $1 || '_')`,
    [pspReference],
  );
  return rows;
}

test("several items of one request are all stored and reach their order before the answer", async () => {
  // The mock knows nothing of this payment, so the order must not capture it itself.
  const order = await service.create({ payment: { mode: "checkout", capture: "manual" } });
  const authorised = item("AUTHORISATION", { merchantReference: order.id });
  const captured = item("CAPTURE", {
    merchantReference: order.id,
    originalReference: authorised.pspReference,
  });
  const report = item("REPORT_AVAILABLE");
  expect(await send(authorised, captured, report)).toEqual({ status: 200, body: "[accepted]" });
  expect(await stored(authorised.pspReference)).toMatchObject([
    { provider: "adyen", type: "AUTHORISATION", state: "routed", order_id: order.id },
  ]);
  expect(await stored(captured.pspReference)).toMatchObject([{ state: "routed", order_id: order.id }]);
  expect(await stored(report.pspReference)).toMatchObject([{ state: "ignored", order_id: null }]);
  const done = await service.reached(order.id, "completed");
  expect(done.payment).toMatchObject({ id: authorised.pspReference, amount_captured: 1250 });
  const refund = item("REFUND", {
    merchantReference: "of support",
    originalReference: authorised.pspReference,
    amount: { value: 250, currency: "USD" },
  });
  await send(refund);
  const back = await service.reached(order.id, "partially_refunded");
  expect(back.payment.amount_refunded).toBe(250);
  await send(
    item("CHARGEBACK", {
      originalReference: authorised.pspReference,
      amount: { value: 1000, currency: "USD" },
    }),
  );
  await service.reached(order.id, "disputed");
});

test("an item that is sent again is the same event", async () => {
  const first = item("REPORT_AVAILABLE");
  await send(first, first);
  await send(first);
  expect(await stored(first.pspReference)).toMatchObject([{ duplicates: 2 }]);
});

test("one bad item refuses the whole request, and nothing of it is stored", async () => {
  const good = item("AUTHORISATION");
  const forged = { ...item("AUTHORISATION"), amount: { value: 1, currency: "USD" } };
  const unsigned = { ...item("AUTHORISATION"), additionalData: {} };
  for (const bad of [forged, unsigned, { eventCode: "AUTHORISATION" }, null]) {
    const answer = await send(good, bad);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ code: "invalid_signature" });
  }
  expect((await send()).status).toBe(400);
  expect(await stored(good.pspReference)).toEqual([]);
});

test("what orders have no word for is kept for people, and another account's is ignored", async () => {
  const cases = [
    [item("CAPTURE_FAILED"), "quarantined"],
    [item("CAPTURE", { success: "false" }), "quarantined"],
    [item("CANCEL_OR_REFUND"), "quarantined"],
    [item("AUTHORISATION", { amount: { value: 100, currency: "IDR" } }), "quarantined"],
    [item("AUTHORISATION", { merchantAccountCode: "Theirs" }), "ignored"],
    [item("AUTHORISATION", { merchantReference: "ord_unknown" }), "parked"],
  ] as const;
  await send(...cases.map(([each]) => each));
  for (const [{ pspReference }, state] of cases)
    expect(await stored(pspReference)).toMatchObject([{ state }]);
});

test("a refused authorisation is a failed payment", async () => {
  const order = await service.create({ amount: 125_000 });
  const amount = { value: 125_000, currency: "USD" };
  const refused = item("AUTHORISATION", {
    merchantReference: order.id,
    amount,
    success: "false",
    reason: "Refused",
  });
  await send(refused);
  const failed = await service.reached(order.id, "payment_failed");
  expect(failed.payment.failure).toEqual({ code: "refused", message: "Refused" });
});
