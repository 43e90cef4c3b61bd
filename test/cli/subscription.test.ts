import { afterAll, beforeAll, expect, test } from "vitest";
import { EVENT_NAMES } from "../../src/mock-provider/event-names.ts";
import { readEvent } from "../../src/payments/stripe/events.ts";
import { missingEvents, SUBSCRIPTION } from "../../src/payments/stripe/subscription.ts";
import { eventually, openBench, pay, type Bench } from "../mock-provider/provider.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.stop());

const types: string[] = SUBSCRIPTION.map(({ type }) => type);

test("each is a real event, named once, and all fit into one request for the list of events", () => {
  expect(types.filter((type) => !EVENT_NAMES.has(type))).toEqual([]);
  expect(new Set(types).size).toBe(types.length);
  expect(types.length).toBeLessThanOrEqual(20);
  expect(missingEvents(["*"])).toEqual([]);
  expect(missingEvents(types.slice(1))).toEqual([types[0]]);
});

test("each event that is asked for tells an order something", async () => {
  const { stripe, mock } = bench;
  const session = (currency: string) =>
    stripe.checkout.sessions.create({
      mode: "payment",
      success_url: "https://shop.example.com/done",
      line_items: [{ quantity: 1, price_data: { currency, unit_amount: 900, product_data: { name: "x" } } }],
    });
  const [paid, lapsed] = [await session("usd"), await session("usd")];
  await mock(`/checkout/${paid.id}/pay`, {});
  await stripe.checkout.sessions.expire(lapsed.id);
  const asked = await pay(stripe, { payment_method: "pm_card_authenticationRequired" });
  await mock(`/payment_intents/${asked.id}/authenticate`, { outcome: "fail" });
  await stripe.paymentIntents.cancel(asked.id);
  await pay(stripe, { capture_method: "manual" });
  const slow = await pay(stripe, { payment_method: "pm_card_pendingRefund" });
  await stripe.refunds.create({ payment_intent: slow.id, amount: 500 });
  const failing = await pay(stripe, { payment_method: "pm_card_refundFail" });
  await stripe.refunds.create({ payment_intent: failing.id, amount: 500 });
  const disputed = await pay(stripe);
  await mock(`/payment_intents/${disputed.id}/dispute`, {});
  const [dispute] = (await stripe.disputes.list({ payment_intent: disputed.id })).data;
  await mock(`/disputes/${dispute?.id}/decide`, { outcome: "won" });
  await mock("/clock", { advance_s: 60 });

  // Bank debits are not among the cards that these payments are made with.
  const debits = types.filter((type) => type.includes("async_payment") || type.endsWith(".processing"));
  const wanted = types.filter((type) => !debits.includes(type));
  const seen = new Set<string>();
  await eventually(async () => {
    for (const event of (await stripe.events.list({ limit: 100, types: wanted })).data) {
      seen.add(event.type);
      const { meaning } = readEvent(Buffer.from(JSON.stringify(event)));
      expect([event.type, meaning.kind]).toEqual([event.type, "message"]);
    }
    return wanted.every((type) => seen.has(type));
  });
});
