import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../../src/domain/order-view.ts";
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

const taken = { authorized: 1250, captured: 1250 };

async function disputed(reference: string, kind = "fraudulent"): Promise<[OrderView, string]> {
  const order = await desk.paid({ reference });
  const { id } = await desk.control(`/payment_intents/${order.payment.id}/dispute`, { kind });
  return [await service.reached(order.id, "disputed"), id as string];
}

test.concurrent("opened takes the money and tells the operator; won brings it back", async () => {
  const [order, dispute] = await disputed("PO-won");
  expect(order.disputes).toEqual([
    { id: dispute, status: "needs_response", amount: 1250, reason: "fraudulent" },
  ]);
  const withdrawn = await booksSay(service, order.id, { ...taken, disputed: 1250 });
  expect(withdrawn.ledger.accounts).toMatchObject({ dispute: 1250 });
  const mail = await desk.alerted(order, "A payment is disputed");
  expect(mail.text).toContain("12.50 USD");
  expect(mail.text).toContain(dispute);

  await desk.control(`/disputes/${dispute}/decide`, { outcome: "won" });
  const won = await service.reached(order.id, "completed");
  expect(won.disputes).toMatchObject([{ status: "won" }]);
  const back = await booksSay(service, order.id, taken);
  expect(back.ledger.accounts.dispute).toBe(0);
  expect((await service.trail(order.id)).map((entry) => entry.type)).toEqual(
    expect.arrayContaining([
      "dispute.opened",
      "dispute.funds_withdrawn",
      "dispute.closed",
      "dispute.funds_reinstated",
    ]),
  );
});

test.concurrent("lost is money gone, and the operator is told", async () => {
  const [order, dispute] = await disputed("PO-lost", "product_not_received");
  await desk.control(`/disputes/${dispute}/decide`, { outcome: "lost" });
  const mail = await desk.alerted(order, "A dispute is lost");
  expect(mail.text).toContain("12.50 USD");
  const lost = await booksSay(service, order.id, { ...taken, disputed: 1250 });
  expect(lost).toMatchObject({
    status: "disputed",
    disputes: [{ status: "lost", reason: "product_not_received" }],
    ledger: { accounts: { customer: 0, dispute: 0 } },
  });
});

test.concurrent("evidence is answered: under review, then decided", async () => {
  const [order, dispute] = await disputed("PO-evidence");
  await desk.stripe.disputes.update(dispute, { evidence: { uncategorized_text: "winning_evidence" } });
  await desk.told(order.id, "dispute.updated", { status: "under_review" });
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, taken);
});

test.concurrent(
  "an inquiry takes no money, and says so; closed it leaves no trace in the books",
  async () => {
    const [order, dispute] = await disputed("PO-inquiry", "inquiry");
    await booksSay(service, order.id, taken);
    const mail = await desk.alerted(order, "A payment is questioned");
    expect(mail.text).toContain("no money was taken");
    await desk.control(`/disputes/${dispute}/decide`, { outcome: "won" });
    const closed = await service.reached(order.id, "completed");
    expect(closed.disputes).toMatchObject([{ status: "warning_closed" }]);
    await booksSay(service, order.id, taken);
  },
);

test.concurrent("of an order that was refunded in part, the rest is disputed", async () => {
  const order = await desk.paid({ reference: "PO-part-disputed" });
  await desk.refund(order.id, 250);
  await service.reached(order.id, "partially_refunded");
  const dispute = await desk.control(`/payment_intents/${order.payment.id}/dispute`);
  await service.reached(order.id, "disputed");
  await booksSay(service, order.id, { ...taken, refunded: 250, disputed: 1000 });
  await desk.control(`/disputes/${dispute["id"] as string}/decide`, { outcome: "won" });
  await service.reached(order.id, "partially_refunded");
  await booksSay(service, order.id, { ...taken, refunded: 250 });
});

test.concurrent(
  "a card that disputes as soon as it is charged does not stop the order from being completed",
  async () => {
    const order = await desk.paid({ reference: "PO-at-once" }, { payment_method: "pm_card_createDispute" });
    await service.reached(order.id, "disputed");
    await booksSay(service, order.id, { ...taken, disputed: 1250 });
    expect(await service.trail(order.id)).toContainEqual(
      expect.objectContaining({ type: "payment.captured" }),
    );
  },
);
