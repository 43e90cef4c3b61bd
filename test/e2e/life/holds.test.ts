import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../../src/domain/order-view.ts";
import { startTestService, type TestService } from "../../helpers/service.ts";
import { booksSay } from "./books.ts";
import { openDesk, type Desk } from "./desk.ts";

let service: TestService;
let desk: Desk;
beforeAll(async () => {
  service = await startTestService({ API_KEYS: "dev:admin:ck_dev,dev:support:ck_support" });
  desk = openDesk(service);
});
afterAll(() => service?.end());

const held = (id: string): Promise<OrderView> =>
  service.until(
    () => service.order(id),
    (order) => order.hold !== null,
  );

const ended = (id: string) =>
  service.until(
    () => service.order(id),
    (order) => order.result !== null,
  );

const resolve = (id: string, action: string, key?: string) =>
  desk.send(id, "resolve", { action, reason: "looked at both" }, key);

/** An order of mode `client` whose payment somebody changed at the provider before it was paid. */
async function changed(change: object, order: Record<string, unknown> = {}): Promise<OrderView> {
  const { payment, ...rest } = order as { payment?: object };
  const created = await service.create({ ...rest, payment: { mode: "client", ...payment } });
  await desk.stripe.paymentIntents.update(created.payment.id ?? "", change);
  await desk.payAsClient(created);
  return held(created.id);
}

const captureOutside = (order: OrderView, amount?: number) =>
  desk.stripe.paymentIntents.capture(
    order.payment.id ?? "",
    amount === undefined ? {} : { amount_to_capture: amount },
  );

test.concurrent(
  "captured in full outside of us, a manual capture is done, and the operator is told",
  async () => {
    const order = await desk.paid({ reference: "PO-outside" }, { capture: "manual" });
    await captureOutside(order);
    const done = await service.reached(order.id, "completed");
    expect(done.hold).toBeNull();
    await booksSay(service, order.id, { authorized: 1250, captured: 1250 });
    expect((await desk.alerted(order, "A payment was captured outside of Countersign")).text).toContain(
      "12.50 USD",
    );
    await desk.send(order.id, "capture");
    await desk.ignored(order.id, "capture");
    await booksSay(service, order.id, { authorized: 1250, captured: 1250 });
  },
);

test.concurrent("captured before people decided, their answer still decides whether it is kept", async () => {
  const [kept, returned] = await Promise.all(
    ["PO-kept", "PO-returned"].map(async (reference) => {
      const order = await desk.paid({ amount: 150_000, reference });
      const mail = await service.mail("finance@example.com", (m) => m.subject.includes(reference));
      await captureOutside(order);
      await desk.alerted(order, "A payment was captured outside of Countersign");
      expect((await service.order(order.id)).status).toBe("awaiting_approval");
      return { order, link: mail.links[0]! };
    }),
  );
  await service.decide(kept!.link, "approve");
  await service.reached(kept!.order.id, "completed");
  await booksSay(service, kept!.order.id, { authorized: 150_000, captured: 150_000 });
  await service.decide(returned!.link, "reject");
  await service.reached(returned!.order.id, "rejected");
  await booksSay(service, returned!.order.id, { authorized: 150_000, captured: 150_000, refunded: 150_000 });
});

test.concurrent("captured in part outside of us, the order is held until somebody accepts it", async () => {
  const order = await desk.paid({ reference: "PO-part-kept" }, { capture: "manual" });
  await captureOutside(order, 1000);
  const waiting = await held(order.id);
  expect(waiting).toMatchObject({ status: "paid", result: null });
  expect(waiting.hold?.reason).toBe("the provider captured 10.00 USD instead of 12.50 USD");
  expect(Date.parse(waiting.hold?.until ?? "") - Date.parse(waiting.hold?.since ?? "")).toBe(3 * 86_400_000);
  const mail = await desk.alerted(order, "An order is held");
  expect(mail.text).toContain("10.00 USD");
  expect(await resolve(order.id, "accept", "ck_support")).toMatchObject({ status: 403 });
  expect(await resolve(order.id, "maybe")).toMatchObject({ status: 400 });
  await resolve(order.id, "accept");
  const done = await service.reached(order.id, "completed");
  expect(done).toMatchObject({ hold: null, payment: { amount_captured: 1000 } });
  await booksSay(service, order.id, { authorized: 1250, captured: 1000, voided: 250 });
  expect((await desk.told(order.id, "order.hold_resolved")).data).toMatchObject({
    action: "accept",
    reason: "looked at both",
  });
  await resolve(order.id, "give_back");
  expect((await desk.ignored(order.id, "resolve")).data["because"]).toBe("the order is not held");
  await booksSay(service, order.id, { authorized: 1250, captured: 1000, voided: 250 });
});

test.concurrent("captured in part outside of us, what was taken can be given back", async () => {
  const order = await desk.paid({ reference: "PO-part-returned" }, { capture: "manual" });
  await captureOutside(order, 1000);
  await held(order.id);
  await resolve(order.id, "give_back");
  await service.reached(order.id, "failed");
  const money = { authorized: 1250, captured: 1000, voided: 250, refunded: 1000 };
  expect((await booksSay(service, order.id, money)).refunds).toHaveLength(1);
});

test.concurrent.each([
  ["less", 1000],
  ["more", 2000],
])("a payment of %s than was ordered is held, and given back when somebody says so", async (word, amount) => {
  const order = await changed({ amount }, { reference: `PO-${word}` });
  expect(order).toMatchObject({ status: "paid", result: null });
  expect((await desk.alerted(order, "An order is held")).text).toContain("12.50 USD");
  await resolve(order.id, "give_back");
  await service.reached(order.id, "failed");
  await booksSay(service, order.id, { authorized: amount, captured: amount, refunded: amount });
});

test.concurrent("a payment of another amount can be accepted as it is", async () => {
  const order = await changed({ amount: 1000 }, { reference: "PO-accepted" });
  await resolve(order.id, "accept");
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, { authorized: 1000, captured: 1000 });
});

test.concurrent("held while it is only authorized, nothing is captured, asked or fulfilled", async () => {
  const order = await changed({ amount: 140_000 }, { amount: 150_000, reference: "PO-held-first" });
  expect(order).toMatchObject({ status: "authorized", approvals: [] });
  await booksSay(service, order.id, { authorized: 140_000 });
  await resolve(order.id, "accept");
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-held-first"));
  await service.decide(mail.links[0]!, "approve");
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, { authorized: 140_000, captured: 140_000 });
});

test.concurrent(
  "accepted with less than was ordered, a part of that is captured, and never more",
  async () => {
    const order = await changed(
      { amount: 1000 },
      { reference: "PO-less-part", payment: { capture: "manual" } },
    );
    await resolve(order.id, "accept");
    await service.until(
      () => service.order(order.id),
      ({ hold }) => hold === null,
    );
    await desk.send(order.id, "capture", { amount: 1100 });
    expect((await desk.ignored(order.id, "capture")).data["because"]).toBe("at most 1000 can be captured");
    await desk.send(order.id, "capture", { amount: 600 });
    await service.reached(order.id, "completed");
    await booksSay(service, order.id, { authorized: 1000, captured: 600, voided: 400 });
  },
);

test.concurrent("a held authorization can be given back, or cancelled", async () => {
  const [one, other] = await Promise.all([
    changed({ amount: 1000 }, { reference: "PO-void-1", payment: { capture: "manual" } }),
    changed({ amount: 1000 }, { reference: "PO-void-2", payment: { capture: "manual" } }),
  ]);
  await resolve(one.id, "give_back");
  await service.call("POST", `/v1/orders/${other.id}/cancel`, {});
  expect((await ended(one.id)).status).toBe("failed");
  expect((await ended(other.id)).status).toBe("cancelled");
  for (const { id } of [one, other]) await booksSay(service, id, { authorized: 1000, voided: 1000 });
});

test.concurrent("a payment in another currency is held, and its books are in that currency", async () => {
  const order = await changed({ currency: "eur" }, { reference: "PO-euro" });
  expect(order.hold?.reason).toBe("the provider's payment is 12.50 EUR, the order is 12.50 USD");
  expect(order.ledger.currency).toBe("eur");
  expect((await desk.told(order.id, "payment.captured")).data).toMatchObject({
    amount: 1250,
    currency: "eur",
  });
  await resolve(order.id, "give_back");
  await service.reached(order.id, "failed");
  await booksSay(service, order.id, { authorized: 1250, captured: 1250, refunded: 1250 });
});

test.concurrent("a second payment that names the order is nobody's but the operator's business", async () => {
  const order = await desk.paid({ reference: "PO-twice" });
  const second = await desk.stripe.paymentIntents.create({
    amount: 1250,
    currency: "usd",
    payment_method: "pm_card_visa",
    confirm: true,
    return_url: "https://example.com/back",
    metadata: { order_id: order.id },
  });
  const mail = await desk.alerted(order, "A second payment names this order");
  for (const part of ["12.50 USD", order.id, second.id, order.payment.id ?? ""])
    expect(mail.text).toContain(part);
  expect((await service.order(order.id)).status).toBe("completed");
  await booksSay(service, order.id, { authorized: 1250, captured: 1250 });

  // Its refund, then, is not the order's either.
  await desk.stripe.refunds.create({ payment_intent: second.id });
  expect((await desk.ignored(order.id, "charge.refunded")).data).toMatchObject({ payment_id: second.id });
  expect((await service.order(order.id)).status).toBe("completed");
});
