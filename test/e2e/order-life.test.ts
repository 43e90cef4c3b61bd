import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService({
    API_KEYS:
      "dev:admin:ck_dev,dev:finance:ck_finance:finance@example.com,dev:finance:ck_sam:sam@example.com",
  });
});
afterAll(() => service?.end());

const as = (key: string) => ({ authorization: `Bearer ${key}` });

test("a wait for an event ends when it is set, and not before", async () => {
  const order = await service.create();
  const unset = await service.call("GET", `/v1/orders/${order.id}/events/result`);
  expect(unset).toMatchObject({ status: 404, body: { code: "event_not_set" } });
  const waiting = service.call("GET", `/v1/orders/${order.id}/events/result?timeout=20`);
  await service.pay(order);
  expect(await waiting).toMatchObject({
    status: 200,
    body: { key: "result", value: { status: "completed", amount_captured: 1250 } },
  });
  const all = await service.call("GET", `/v1/orders/${order.id}/events`);
  expect(all.body).toMatchObject({
    status: "completed",
    progress: 100,
    payment: { amount_captured: 1250 },
    result: { status: "completed" },
  });
});

test("an order confirmed by the server is paid without a customer's visit", async () => {
  const order = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
  expect(order).toMatchObject({
    status: "completed",
    payment: { status: "succeeded", amount_captured: 1250 },
  });
});

test("a declined card may be tried again with another", async () => {
  const order = await service.create({
    payment: { mode: "confirm", payment_method: "pm_card_visa_chargeDeclined" },
  });
  expect(order).toMatchObject({
    status: "payment_failed",
    payment: { failure: { code: "generic_decline" } },
  });
  const retried = await service.call("POST", `/v1/orders/${order.id}/messages`, {
    topic: "payment_method",
    message: { payment_method: "pm_card_visa" },
  });
  expect(retried.status).toBe(202);
  await service.reached(order.id, "completed");
});

test("a client gets a secret with which its own page can confirm", async () => {
  const order = await service.create({ payment: { mode: "client" } });
  expect(order.payment.client_secret).toMatch(/^pi_.+_secret_.+/);
  expect(order.payment.checkout_url).toBeNull();
});

test("an unpaid order expires, and its checkout page with it", async () => {
  const order = await service.create({ payment: { mode: "checkout", expires_in: 1 } });
  const expired = await service.reached(order.id, "expired");
  expect(expired).toMatchObject({
    payment: { amount_captured: 0, checkout_url: null },
    result: { status: "expired" },
  });
  await expect(service.pay(order)).rejects.toThrow();
});

test("an unpaid payment of a client is cancelled when its time is up", async () => {
  const order = await service.create({ payment: { mode: "client", expires_in: 1 } });
  const expired = await service.reached(order.id, "expired");
  expect(expired.payment.status).toBe("canceled");
});

test("cancelling an authorized order releases the money and withdraws the question", async () => {
  const order = await service.create({ amount: 150_000, reference: "PO-cancelled" });
  await service.pay(order);
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-cancelled"));
  const cancel = await service.call("POST", `/v1/orders/${order.id}/cancel`, { reason: "ordered twice" });
  expect(cancel.status).toBe(202);
  const done = await service.reached(order.id, "cancelled");
  expect(done.result).toMatchObject({ status: "cancelled", reason: "ordered twice" });
  // Who heard no answer asks again: it is cancelled, and for the reason that was first.
  const again = await service.call("POST", `/v1/orders/${order.id}/cancel`, { reason: "again" });
  expect(again).toMatchObject({
    status: 202,
    body: { status: "cancelled", result: { reason: "ordered twice" } },
  });
  expect(await service.ledger(done.payment.id)).toMatchObject({ captured: 0, voided: 150_000 });
  await service.until(
    () => service.order(order.id),
    (o) => o.approvals[0]?.status === "withdrawn",
  );
  const late = await service.decide(mail.links[0]!, "approve");
  expect(await late.text()).toContain("withdrawn");
  expect((await service.order(order.id)).status).toBe("cancelled");
});

test("a paid order cannot be cancelled, and the answer says what to do instead", async () => {
  const order = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
  const cancel = await service.call("POST", `/v1/orders/${order.id}/cancel`, {});
  expect(cancel).toMatchObject({ status: 409, body: { code: "conflict" } });
});

test("a small refund is made at once, on the chain of an order that has ended", async () => {
  const order = await service.create({
    amount: 40_000,
    payment: { mode: "confirm", payment_method: "pm_card_visa" },
  });
  const refund = await service.call("POST", `/v1/orders/${order.id}/refunds`, {
    amount: 10_000,
    reason: "one was broken",
  });
  expect(refund).toMatchObject({
    status: 201,
    body: { object: "refund", amount: 10_000, status: "succeeded" },
  });
  const after = await service.reached(order.id, "partially_refunded");
  expect(after.payment.amount_refunded).toBe(10_000);
  const tooMuch = await service.call("POST", `/v1/orders/${order.id}/refunds`, {
    amount: 30_001,
    reason: "all",
  });
  expect(tooMuch).toMatchObject({
    status: 422,
    body: { code: "unprocessable", errors: [{ path: "amount" }] },
  });
  await service.call("POST", `/v1/orders/${order.id}/refunds`, { reason: "the rest" });
  await service.reached(order.id, "refunded");
  expect(await service.ledger(after.payment.id)).toMatchObject({
    captured: 40_000,
    refunded: 40_000,
    refunds: 2,
  });
});

test("a large refund is asked about first", async () => {
  const order = await service.create({
    amount: 90_000,
    reference: "PO-refund",
    payment: { mode: "confirm", payment_method: "pm_card_visa" },
  });
  const refund = await service.call("POST", `/v1/orders/${order.id}/refunds`, {
    amount: 60_000,
    reason: "returned",
  });
  expect(refund).toMatchObject({ status: 201, body: { status: "awaiting_approval" } });
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-refund"));
  expect(mail.subject).toContain("600.00 USD");
  expect(await service.ledger(order.payment.id)).toMatchObject({ refunded: 0 });
  await service.decide(mail.links[0]!, "approve");
  const after = await service.reached(order.id, "partially_refunded");
  expect(after.payment.amount_refunded).toBe(60_000);
});

test("fulfilment is published item by item", async () => {
  const order = await service.create({
    amount: 3000,
    fulfilment: "manual",
    items: [
      { sku: "pen", quantity: 2, unit_amount: 500 },
      { sku: "pad", quantity: 1, unit_amount: 2000 },
    ],
    payment: { mode: "confirm", payment_method: "pm_card_visa" },
  });
  expect(order).toMatchObject({ status: "fulfilling", progress: 80 });
  const ship = (sku: string) =>
    service.call("POST", `/v1/orders/${order.id}/messages`, { topic: "fulfilment", message: { sku } });
  await ship("pen");
  const first = await service.until(
    () => service.order(order.id),
    (o) => o.progress > 80,
  );
  expect(first).toMatchObject({ status: "fulfilling", progress: 86, fulfilment: { fulfilled: { pen: 1 } } });
  await ship("pen");
  await ship("pad");
  await service.reached(order.id, "completed");
});

test("an approver decides by API; whoever requested it may not", async () => {
  const order = await service.create({ amount: 120_000, requested_by: "Sam+work@example.com" });
  await service.pay(order);
  const waiting = await service.until(
    () => service.order(order.id),
    (o) => o.approval !== null,
  );
  const path = `/v1/approvals/${waiting.approval?.id}/decisions`;
  const own = await service.call("POST", path, { decision: "approve" }, as("ck_sam"));
  expect(own).toMatchObject({ status: 403, body: { code: "forbidden" } });
  const approved = await service.call("POST", path, { decision: "approve", comment: "ok" }, as("ck_finance"));
  expect(approved).toMatchObject({
    status: 200,
    body: { status: "approved", decided_by: "finance@example.com" },
  });
  await service.reached(order.id, "completed");
  const again = await service.call("POST", path, { decision: "reject" }, as("ck_finance"));
  expect(again).toMatchObject({ status: 409 });
});

test("lists are paged by a cursor, newest first, and filtered", async () => {
  const reference = "PO-listed";
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push((await service.create({ reference })).id);
  const first = await service.call<{ data: { id: string }[]; has_more: boolean; next_cursor: string }>(
    "GET",
    `/v1/orders?reference=${reference}&limit=2`,
  );
  expect(first.body.data.map((o) => o.id)).toEqual([ids[2], ids[1]]);
  expect(first.body.has_more).toBe(true);
  const second = await service.call<{ data: { id: string }[]; has_more: boolean; next_cursor: null }>(
    "GET",
    `/v1/orders?reference=${reference}&limit=2&cursor=${first.body.next_cursor}`,
  );
  expect(second.body).toMatchObject({ has_more: false, next_cursor: null });
  expect(second.body.data.map((o) => o.id)).toEqual([ids[0]]);
});
