import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../../helpers/service.ts";
import { booksSay } from "./books.ts";
import { openDesk, type Desk } from "./desk.ts";

let service: TestService;
let desk: Desk;
beforeAll(async () => {
  service = await startTestService();
  desk = openDesk(service);
});
afterAll(() => service?.end());

const taken = (amount: number) => ({ authorized: amount, captured: amount });

test.concurrent("in parts, until nothing is left", async () => {
  const order = await desk.paid({ amount: 40_000 });
  for (const [amount, sum, status] of [
    [10_000, 10_000, "partially_refunded"],
    [10_000, 20_000, "partially_refunded"],
    [null, 40_000, "refunded"],
  ] as const) {
    expect(await desk.refund(order.id, amount)).toMatchObject({ status: 201, body: { status: "succeeded" } });
    await service.reached(order.id, status);
    await booksSay(service, order.id, { ...taken(40_000), refunded: sum });
  }
  expect(await desk.refund(order.id, 1)).toMatchObject({
    status: 422,
    body: {
      errors: [{ path: "amount", message: "must be at most 0, what is captured and not yet refunded" }],
    },
  });
  expect(await desk.refund(order.id, null)).toMatchObject({ status: 422 });
  expect((await service.order(order.id)).result).toMatchObject({
    status: "refunded",
    amount_captured: 40_000,
    amount_refunded: 40_000,
  });
});

test.concurrent("of ten asked at once for a quarter each, four are made", async () => {
  const order = await desk.paid({ amount: 40_000 });
  const answers = await Promise.all(Array.from({ length: 10 }, () => desk.refund(order.id, 10_000)));
  expect(answers.map((answer) => answer.status).toSorted()).toEqual([
    ...Array<number>(4).fill(201),
    ...Array<number>(6).fill(422),
  ]);
  await service.reached(order.id, "refunded");
  await booksSay(service, order.id, { ...taken(40_000), refunded: 40_000 });
});

test.concurrent(
  "one that needs approval is made after it; what waits cannot be asked for twice",
  async () => {
    const order = await desk.paid({ amount: 90_000, reference: "PO-asked" });
    const { body } = await desk.refund(order.id, 60_000);
    expect(body.status).toBe("awaiting_approval");
    expect(await desk.refund(order.id, 30_001)).toMatchObject({ status: 422 });
    await booksSay(service, order.id, taken(90_000));
    const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-asked"));
    await service.decide(mail.links[0]!, "approve");
    await service.reached(order.id, "partially_refunded");
    const after = await booksSay(service, order.id, { ...taken(90_000), refunded: 60_000 });
    expect(after.refunds).toMatchObject([
      { id: body.id, status: "succeeded", approval_id: body.approval_id },
    ]);
  },
);

test.concurrent("one that is rejected is not made, and its amount can be asked for again", async () => {
  const order = await desk.paid({ amount: 90_000, reference: "PO-declined" });
  const { body } = await desk.refund(order.id, 60_000);
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-declined"));
  await service.decide(mail.links[0]!, "reject", "not ours to pay");
  expect((await desk.told(order.id, "refund.rejected")).data["refund_id"]).toBe(body.id);
  const after = await booksSay(service, order.id, taken(90_000));
  expect(after).toMatchObject({ status: "completed", refunds: [{ status: "rejected" }] });
  expect((await desk.refund(order.id, 90_000)).body.status).toBe("awaiting_approval");
});

test.concurrent("a pending one is money on its way, and arrives", async () => {
  const order = await desk.paid({}, { payment_method: "pm_card_pendingRefund" });
  expect(await desk.refund(order.id, 500)).toMatchObject({ body: { status: "pending" } });
  await service.reached(order.id, "partially_refunded");
  await desk.told(order.id, "refund.succeeded");
  const after = await booksSay(service, order.id, { ...taken(1250), refunded: 500 });
  expect(after.refunds).toMatchObject([{ amount: 500, status: "succeeded" }]);
});

test.concurrent("one that fails later is the merchant's money again, and the operator is told", async () => {
  const order = await desk.paid({ reference: "PO-came-back" });
  await desk.refund(order.id, null);
  await service.reached(order.id, "refunded");
  await booksSay(service, order.id, { ...taken(1250), refunded: 1250 });
  const [made] = (await desk.stripe.refunds.list({ payment_intent: order.payment.id ?? "" })).data;
  await desk.control(`/refunds/${made?.id}/fail`);
  await service.reached(order.id, "completed");
  const after = await booksSay(service, order.id, taken(1250));
  expect(after.refunds).toMatchObject([{ status: "failed", failure: "lost_or_stolen_card" }]);
  expect((await desk.told(order.id, "refund.failed")).data).toMatchObject({
    refund_id: after.refunds[0]?.id,
    failure: "lost_or_stolen_card",
  });
  const mail = await desk.alerted(order, "A refund failed");
  expect(mail.text).toContain("12.50 USD");
  expect(mail.text).toContain(order.id);
  expect(mail.text).toContain(after.refunds[0]!.id);
  expect((await desk.refund(order.id, null)).body.status).toBe("succeeded");
  await booksSay(service, order.id, { ...taken(1250), refunded: 1250 });
});

test.concurrent("one that was made in the provider's dashboard counts, in full and in part", async () => {
  const order = await desk.paid();
  await desk.stripe.refunds.create({ payment_intent: order.payment.id ?? "", amount: 250 });
  await service.reached(order.id, "partially_refunded");
  const after = await booksSay(service, order.id, { ...taken(1250), refunded: 250 });
  expect(after.refunds).toMatchObject([{ amount: 250, reason: "made at the provider" }]);
  expect(await desk.refund(order.id, 1001)).toMatchObject({ status: 422 });
  await desk.stripe.refunds.create({ payment_intent: order.payment.id ?? "" });
  await service.reached(order.id, "refunded");
  await booksSay(service, order.id, { ...taken(1250), refunded: 1250 });
});

test.concurrent("one that the provider refuses fails with its reason, and the operator is told", async () => {
  const order = await desk.paid({ reference: "PO-refused" }, { payment_method: "pm_card_createDispute" });
  await service.reached(order.id, "disputed");
  expect(await desk.refund(order.id, 500)).toMatchObject({ body: { status: "failed" } });
  const mail = await desk.alerted(order, "A refund failed");
  expect(mail.text).toContain("charged back");
  expect((await service.order(order.id)).payment.amount_refunded).toBe(0);
});

test.concurrent("nothing that is only held can be refunded", async () => {
  const order = await desk.paid({}, { capture: "manual" });
  expect(await desk.refund(order.id, 1)).toMatchObject({ status: 422 });
  await booksSay(service, order.id, { authorized: 1250 });
});
