import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDesk, type Desk } from "./desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk?.end());

const confirmed = (payment_method: string) => ({ payment: { mode: "confirm", payment_method } });

/** An order that people have to approve, paid on the page and approved by its mailed link. */
async function approved(reference: string, method: string) {
  const order = await desk.create({ amount: 125_000, reference });
  expect((await desk.visit(order, method)).status).toBe(303);
  const mail = await desk.mail("finance@example.com", (m) => m.subject.includes(reference));
  await desk.decide(mail.links[0]!, "approve");
  return order;
}

describe("an order of the other provider", () => {
  test("is paid by a link, at once when nobody is asked", async () => {
    const order = await desk.create();
    expect(order).toMatchObject({ status: "awaiting_payment", payment: { amount_captured: 0 } });
    expect(order.payment.checkout_url).toContain("/pay/");
    await desk.visit(order);
    const done = await desk.reached(order.id, "completed");
    expect(done.payment).toMatchObject({ amount_captured: 1250 });
    expect(desk.books(order)).toEqual({ state: "paid", captured: 1250, operations: [] });
  });

  test("is held, approved, captured and refunded", async () => {
    const order = await approved("PO-standard", "card_ok");
    const done = await desk.reached(order.id, "completed");
    expect(done.payment).toMatchObject({ amount_captured: 125_000, amount_authorized: 125_000 });
    const refund = await desk.call("POST", `/v1/orders/${order.id}/refunds`, {
      amount: 10_000,
      reason: "broken",
    });
    expect(refund.status).toBe(201);
    const after = await desk.until(
      () => desk.order(order.id),
      (view) => view.status === "partially_refunded" && view.refunds[0]?.status === "succeeded",
    );
    expect(after.payment.amount_refunded).toBe(10_000);
    expect(desk.books(order)).toEqual({
      state: "paid",
      captured: 125_000,
      operations: ["capture done", "refund done"],
    });
  });

  test("that is rejected gives back what was held", async () => {
    const order = await desk.create({ amount: 200_000, reference: "PO-standard-no" });
    await desk.visit(order);
    const mail = await desk.mail("controller@example.com", (m) => m.subject.includes("PO-standard-no"));
    await desk.decide(mail.links[0]!, "reject", "too much");
    const done = await desk.reached(order.id, "rejected");
    expect(done.payment).toMatchObject({ status: "canceled", amount_captured: 0 });
    expect(desk.books(order)).toMatchObject({ state: "cancelled", operations: ["cancel done"] });
  });

  test("whose card is declined may be paid with another", async () => {
    const order = await desk.create(confirmed("card_declined"));
    expect(order).toMatchObject({
      status: "payment_failed",
      payment: { failure: { code: "insufficient_funds" } },
    });
    await desk.call("POST", `/v1/orders/${order.id}/messages`, {
      topic: "payment_method",
      message: { payment_method: "card_ok" },
    });
    await desk.reached(order.id, "completed");
    expect(desk.books(order)).toMatchObject({ state: "paid", captured: 1250 });
  });

  test("whose card is declined on the page may be paid there with another", async () => {
    const order = await desk.create();
    await desk.visit(order, "card_declined");
    await desk.reached(order.id, "payment_failed");
    await desk.visit(order, "card_ok");
    await desk.reached(order.id, "completed");
  });

  test("is paid by a page of the merchant's own with the payment's token", async () => {
    const order = await desk.create({ payment: { mode: "client" } });
    expect(order.payment.checkout_url).toBeNull();
    await fetch(`${desk.provider.url}/client/${order.payment.client_secret}/attempts`, {
      method: "POST",
      body: new URLSearchParams({ method: "card_ok" }),
    });
    await desk.reached(order.id, "completed");
  });

  test("that nobody pays expires, and its page can no longer be paid", async () => {
    const order = await desk.create({ payment: { mode: "checkout", expires_in: 1 } });
    const expired = await desk.reached(order.id, "expired");
    expect(expired.payment).toMatchObject({ amount_captured: 0, checkout_url: null });
    expect((await desk.visit(order)).status).toBe(409);
    expect(desk.books(order)).toMatchObject({ state: "cancelled" });
  });

  test("that is cancelled while the bank still thinks gives back a payment that comes late", async () => {
    const order = await desk.create();
    await desk.visit(order, "card_slow_bank");
    await desk.call("POST", `/v1/orders/${order.id}/cancel`, { reason: "changed my mind" });
    const done = await desk.reached(order.id, "cancelled");
    const settled = await desk.until(
      () => desk.order(order.id),
      (view) => view.payment.amount_refunded === 1250 && view.refunds[0]?.status === "succeeded",
    );
    expect(done.result).toMatchObject({ reason: "changed my mind" });
    expect(settled.payment.amount_captured).toBe(1250);
    expect((await desk.trail(order.id)).map((entry) => entry.type)).toContain("payment.late");
  });

  test("whose authorization lapses ends as expired", async () => {
    const order = await desk.create({ amount: 125_000, reference: "PO-standard-lapse" });
    await desk.visit(order);
    await desk.reached(order.id, "awaiting_approval");
    await desk.bank(order, "lapse");
    const done = await desk.reached(order.id, "expired");
    expect(done.result).toMatchObject({ reason: "the authorization lapsed before it was captured" });
  });

  test("that is charged back is disputed until it is won", async () => {
    const order = await desk.create();
    await desk.visit(order);
    await desk.reached(order.id, "completed");
    await desk.bank(order, "chargeback");
    await desk.reached(order.id, "disputed");
    await desk.bank(order, "won");
    await desk.reached(order.id, "completed");
  });
});

describe("amounts are exact", () => {
  test.each([
    ["usd", 7],
    ["jpy", 1250],
  ])("in %s", async (currency, amount) => {
    const order = await desk.create({ amount, currency, ...confirmed("card_ok") });
    expect(order).toMatchObject({ status: "completed", payment: { amount_captured: amount } });
    await desk.call("POST", `/v1/orders/${order.id}/refunds`, { reason: "all of it" });
    const back = await desk.reached(order.id, "refunded");
    expect(back.payment.amount_refunded).toBe(amount);
  });

  test("in a currency with three digits, which the policy asks everybody about", async () => {
    const reference = "PO-standard-kwd";
    const order = await desk.create({ amount: 12_345, currency: "kwd", reference, ...confirmed("card_ok") });
    for (const approver of ["finance@example.com", "cfo@example.com"]) {
      const mail = await desk.mail(approver, (m) => m.subject.includes(reference));
      expect(mail.subject).toContain("12.345 KWD");
      await desk.decide(mail.links[0]!, "approve");
    }
    const done = await desk.reached(order.id, "completed");
    expect(done.payment.amount_captured).toBe(12_345);
    expect(desk.books(order)).toMatchObject({ captured: 12_345, operations: ["capture done"] });
  });
});

describe("what the provider does in its own time", () => {
  test("a capture that takes longer than a request is asked for once, and neither hangs nor fails", async () => {
    const order = await approved("PO-standard-slow", "card_slow");
    const done = await desk.reached(order.id, "completed");
    expect(done.payment.amount_captured).toBe(125_000);
    expect(desk.books(order)).toEqual({ state: "paid", captured: 125_000, operations: ["capture done"] });
    const types = (await desk.trail(order.id)).map((entry) => entry.type);
    expect(types.filter((type) => type === "payment.captured")).toHaveLength(1);
    expect(types).not.toContain("effect.failed");
  });

  test("so is a void", async () => {
    const order = await desk.create({ amount: 200_000, reference: "PO-standard-slow-no" });
    await desk.visit(order, "card_slow");
    const mail = await desk.mail("controller@example.com", (m) => m.subject.includes("PO-standard-slow-no"));
    await desk.decide(mail.links[0]!, "reject");
    await desk.reached(order.id, "rejected");
    expect(desk.books(order)).toEqual({ state: "cancelled", captured: 0, operations: ["cancel done"] });
  });

  test("a capture whose answer is lost is made once", async () => {
    const order = await approved("PO-standard-lost", "card_lost_answers");
    await desk.reached(order.id, "completed");
    await desk.call("POST", `/v1/orders/${order.id}/refunds`, { amount: 500, reason: "broken" });
    await desk.until(
      () => desk.order(order.id),
      (view) => view.refunds[0]?.status === "succeeded",
    );
    expect(desk.books(order)?.operations).toEqual(["capture done", "refund done"]);
  });

  test("a capture that the provider was not there for is made later", async () => {
    const order = await approved("PO-standard-down", "card_unavailable");
    await desk.reached(order.id, "completed");
    expect(desk.books(order)?.operations).toEqual(["capture done"]);
  });

  test("a capture that failed for a reason that passes is made with another key", async () => {
    const order = await approved("PO-standard-again", "card_capture_again");
    await desk.until(
      () => desk.order(order.id),
      (view) => view.status === "completed",
      20_000,
    );
    expect(desk.books(order)?.operations).toEqual(["capture refused", "capture done"]);
  });

  test("a capture that is refused for good ends the order, and what is held is given back", async () => {
    const order = await approved("PO-standard-refused", "card_capture_refused");
    const done = await desk.reached(order.id, "failed");
    expect(done.payment.amount_captured).toBe(0);
    expect(desk.books(order)).toMatchObject({
      state: "cancelled",
      operations: ["capture refused", "cancel done"],
    });
  });

  test("a refund that comes back is told as failed", async () => {
    const order = await desk.create(confirmed("card_refund_refused"));
    await desk.call("POST", `/v1/orders/${order.id}/refunds`, { amount: 500, reason: "broken" });
    const failed = await desk.until(
      () => desk.order(order.id),
      (view) => view.refunds[0]?.status === "failed",
    );
    expect(failed).toMatchObject({ status: "completed", payment: { amount_refunded: 0 } });
  });
});

test("webhooks carry their source into the trail, and are filed under the provider's name", async () => {
  const order = await desk.create();
  await desk.visit(order);
  await desk.reached(order.id, "completed");
  const sources = (await desk.trail(order.id)).map((entry) => entry.data["source"]);
  expect(sources.some((source) => /^webhook msg_/.test(String(source)))).toBe(true);
  const { body } = await desk.call<{ data: Record<string, unknown>[] }>(
    "GET",
    "/v1/webhooks/inbox?provider=standard&state=routed&limit=100",
  );
  expect(body.data.length).toBeGreaterThan(0);
  const [newest] = body.data;
  expect(newest).toMatchObject({ provider: "standard" });
  // Its id is in a header, so the header is kept with it, and it can be replayed.
  const replayed = await desk.call("POST", `/v1/webhooks/inbox/${String(newest?.["id"])}/replay`);
  expect(replayed).toMatchObject({ status: 200, body: { id: newest?.["id"], state: "routed" } });
});

test("a webhook that is not signed, or by another, is refused; the other provider has no path here", async () => {
  for (const headers of [
    {},
    { "webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,x" },
  ]) {
    const response = await fetch(`${desk.url}/webhooks/standard`, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(400);
  }
  expect((await fetch(`${desk.url}/webhooks/stripe`, { method: "POST", body: "{}" })).status).toBe(404);
});
