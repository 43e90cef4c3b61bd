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

// Amounts in minor units: yen have none, a Kuwaiti dinar has 1000 fils of which the last digit is 0.
const CASES = [
  { currency: "jpy", amount: 12_000, part: 1, shown: "4,000 JPY", refund: 4_000 },
  { currency: "kwd", amount: 12_340, part: 10, shown: "4.560 KWD", refund: 4_560 },
] as const;

test.concurrent.each(CASES)(
  "$currency is taken, refunded in part and shown in its own digits",
  async (money) => {
    const { currency, amount, refund, part, shown } = money;
    const order = await desk.paid({ amount, currency, reference: `PO-${currency}` });
    // The default policy has a table for yen; a currency without one asks everybody.
    if (currency === "kwd") {
      const first = await service.mail("finance@example.com", (m) => m.subject.includes("PO-kwd"));
      expect(first.subject).toBe("Approve 12.340 KWD for PO-kwd?");
      await service.decide(first.links[0]!, "approve");
      const second = await service.mail("cfo@example.com", (m) => m.subject.includes("PO-kwd"));
      await service.decide(second.links[0]!, "approve");
    }
    await service.reached(order.id, "completed");
    await booksSay(service, order.id, { authorized: amount, captured: amount });

    const asked = await desk.refund(order.id, refund);
    expect(asked.status).toBe(201);
    if (asked.body.status === "awaiting_approval") {
      const mail = await service.mail("finance@example.com", (m) => m.subject.includes(`refund of ${shown}`));
      await service.decide(mail.links[0]!, "approve");
    }
    await service.reached(order.id, "partially_refunded");
    await booksSay(service, order.id, { authorized: amount, captured: amount, refunded: refund });
    const [made] = (await desk.stripe.refunds.list({ payment_intent: order.payment.id ?? "" })).data;
    await desk.control(`/refunds/${made?.id}/fail`);
    expect((await desk.alerted(order, "A refund failed")).text).toContain(shown);
    await booksSay(service, order.id, { authorized: amount, captured: amount });
    expect(await desk.refund(order.id, amount + part)).toMatchObject({ status: 422 });
  },
);

test.concurrent("yen are captured in part", async () => {
  const order = await desk.paid({ amount: 5_000, currency: "jpy" }, { capture: "manual" });
  await desk.send(order.id, "capture", { amount: 4_999 });
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, { authorized: 5_000, captured: 4_999, voided: 1 });
});

test.concurrent("a payment of another amount is told in the currency's digits", async () => {
  const order = await service.create({ amount: 5_000, currency: "jpy", payment: { mode: "client" } });
  await desk.stripe.paymentIntents.update(order.payment.id ?? "", { amount: 4_000 });
  await desk.payAsClient(order);
  const held = await service.until(
    () => service.order(order.id),
    ({ hold }) => hold !== null,
  );
  expect(held.hold?.reason).toBe("the provider's payment is 4,000 JPY, the order is 5,000 JPY");
});

test.concurrent(
  "an amount that the provider cannot charge fails the order with its reason, and costs nothing",
  async () => {
    const fils = await service.create({ amount: 12_345, currency: "kwd" });
    const cents = await service.create({ amount: 49 });
    expect(fils).toMatchObject({
      status: "failed",
      result: { reason: expect.stringContaining("0 as the last digit") as string },
    });
    expect(cents).toMatchObject({
      status: "failed",
      result: { reason: expect.stringContaining("at least") as string },
    });
    for (const { id } of [fils, cents]) await booksSay(service, id, {});
  },
);
