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

const cancel = (id: string) => service.call("POST", `/v1/orders/${id}/cancel`, { reason: "ordered twice" });
const lateEntries = async (id: string) =>
  (await service.trail(id)).filter((entry) => entry.type === "payment.late");

test("cancelled before anybody paid, page and payment are closed", async () => {
  const [page, own] = await Promise.all([service.create(), service.create({ payment: { mode: "client" } })]);
  await Promise.all([cancel(page.id), cancel(own.id)]);
  await service.reached(page.id, "cancelled");
  await expect(service.pay(page)).rejects.toThrow("no longer open");
  expect((await service.reached(own.id, "cancelled")).payment.status).toBe("canceled");
  await expect(desk.payAsClient(own)).rejects.toMatchObject({ code: "payment_intent_unexpected_state" });
  await Promise.all([booksSay(service, page.id, {}), booksSay(service, own.id, {})]);
});

test("cancelled after authorization, all that was held is released; topic cancel does the same", async () => {
  const [one, other] = await Promise.all([
    desk.paid({}, { capture: "manual" }),
    desk.paid({}, { capture: "manual" }),
  ]);
  await Promise.all([cancel(one.id), desk.send(other.id, "cancel", { reason: "ordered twice" })]);
  for (const { id } of [one, other]) {
    expect((await service.reached(id, "cancelled")).result?.reason).toBe("ordered twice");
    await booksSay(service, id, { authorized: 1250, voided: 1250 });
  }
});

/** Delivers what the provider never could: every event of the order's payment. */
async function hearLate({ payment }: OrderView): Promise<void> {
  const { data } = await desk.stripe.events.list({ limit: 100 });
  const about = data.filter(({ data: { object } }) => JSON.stringify(object).includes(payment.id ?? "none"));
  const [endpoint] = (await desk.stripe.webhookEndpoints.list()).data;
  for (const event of about)
    await desk.stripe.rawRequest("POST", `/v1/events/${event.id}/retry`, { webhook_endpoint: endpoint?.id });
  await service.until(
    async () =>
      (await service.call<{ data: { event_id: string }[] }>("GET", "/v1/webhooks/inbox?limit=100")).body.data,
    (inbox) => about.every((event) => inbox.some((webhook) => webhook.event_id === event.id)),
  );
}

test("a payment nobody heard of is given back once when the order is cancelled or has expired", async () => {
  await desk.control("/chaos", { drop: 1 });
  const client = (more: object = {}) => service.create({ payment: { mode: "client", ...more } });
  const [taken, held, expired] = await Promise.all([
    client(),
    client({ capture: "manual" }),
    client({ expires_in: 2 }),
  ]);
  await Promise.all([taken, held, expired].map((order) => desk.payAsClient(order)));
  await Promise.all([cancel(taken.id), cancel(held.id)]);
  await service.reached(taken.id, "cancelled");
  await service.reached(held.id, "cancelled");
  await service.reached(expired.id, "expired");
  await desk.control("/chaos");
  const refunded = { authorized: 1250, captured: 1250, refunded: 1250 };
  await booksSay(service, taken.id, refunded);
  await booksSay(service, expired.id, refunded);
  expect(await service.ledger(held.payment.id)).toMatchObject({ captured: 0, voided: 1250 });
  expect(await lateEntries(taken.id)).toMatchObject([
    { data: { amount: 1250, because: "the order is cancelled: ordered twice" } },
  ]);
  expect(await lateEntries(expired.id)).toMatchObject([{ data: { amount: 1250 } }]);
  expect((await desk.told(held.id, "payment.voided")).actor.type).toBe("provider");

  for (const order of [taken, held, expired]) await hearLate(order);
  for (const { id } of [taken, expired]) {
    expect((await booksSay(service, id, refunded)).refunds).toHaveLength(1);
    expect(await lateEntries(id)).toHaveLength(1);
  }
  await booksSay(service, held.id, { authorized: 1250, voided: 1250 });
  expect(await lateEntries(held.id)).toEqual([]);
  expect((await service.order(held.id)).status).toBe("cancelled");
});

test("a bank debit under way cannot be called off; its money is refunded when it arrives", async () => {
  const order = await service.create({ currency: "eur", payment: { mode: "client" } });
  await desk.stripe.paymentIntents.confirm(order.payment.id ?? "", {
    payment_method_data: { type: "sepa_debit", sepa_debit: { iban: "DE89370400440532013000" } },
    return_url: "https://example.com/back",
  });
  await desk.told(order.id, "payment.processing");
  await cancel(order.id);
  await desk.control("/clock", { advance_s: 60 });
  await service.reached(order.id, "cancelled");
  await booksSay(service, order.id, { authorized: 1250, captured: 1250, refunded: 1250 });
  expect(await lateEntries(order.id)).toHaveLength(1);
});

test("an authorization that lapses at the provider ends the order expired, and the question with it", async () => {
  const [waiting, asked] = await Promise.all([
    desk.paid({}, { capture: "manual" }),
    desk.paid({ amount: 150_000, reference: "PO-lapsed" }),
  ]);
  await service.reached(asked.id, "awaiting_approval");
  await desk.control("/clock", { advance_s: 7 * 86_400 + 1 });
  for (const { id, amount } of [waiting, asked]) {
    const order = await service.reached(id, "expired");
    expect(order.result).toMatchObject({
      reason: "the authorization lapsed before it was captured",
      amount_captured: 0,
    });
    await booksSay(service, id, { authorized: amount, voided: amount });
  }
  await service.until(
    () => service.order(asked.id),
    (order) => order.approvals[0]?.status === "withdrawn",
  );
  await desk.send(waiting.id, "capture");
  expect((await desk.ignored(waiting.id, "capture")).data["because"]).toBe("the order is already expired");
});
