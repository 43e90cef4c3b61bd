import fc from "fast-check";
import Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBench, type Bench, type LedgerLine } from "./provider.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.stop());

const CARDS = [
  "pm_card_visa",
  "pm_card_chargeDeclined",
  "pm_card_authenticationRequired",
  "pm_card_createDispute",
  "pm_card_refundFail",
  "pm_card_pendingRefund",
];
const step = fc.oneof(
  fc.record({
    do: fc.constant("create" as const),
    manual: fc.boolean(),
    confirm: fc.boolean(),
    card: fc.constantFrom(...CARDS),
  }),
  fc.record({ do: fc.constant("confirm" as const), at: fc.nat(5), card: fc.constantFrom(...CARDS) }),
  fc.record({
    do: fc.constant("capture" as const),
    at: fc.nat(5),
    amount: fc.option(fc.integer({ min: 1, max: 2_500 })),
  }),
  fc.record({ do: fc.constant("cancel" as const), at: fc.nat(5) }),
  fc.record({
    do: fc.constant("refund" as const),
    at: fc.nat(5),
    amount: fc.option(fc.integer({ min: 1, max: 2_500 })),
  }),
  fc.record({ do: fc.constant("authenticate" as const), at: fc.nat(5), pass: fc.boolean() }),
  fc.record({ do: fc.constant("dispute" as const), at: fc.nat(5), win: fc.boolean() }),
  fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(3, 3_600, 8 * 86_400) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function perform(stripe: Stripe, payments: string[], wanted: Step): Promise<void> {
  if (wanted.do === "wait") {
    await bench.mock("/clock", { advance_s: wanted.seconds });
    return;
  }
  if (wanted.do === "create") {
    const made = await stripe.paymentIntents.create({
      amount: 2_000,
      currency: "usd",
      allowed_payment_method_types: ["card"],
      capture_method: wanted.manual ? "manual" : "automatic",
    });
    payments.push(made.id);
    if (wanted.confirm) await stripe.paymentIntents.confirm(made.id, { payment_method: wanted.card });
    return;
  }
  const id = payments[wanted.at % Math.max(1, payments.length)];
  if (id === undefined) return;
  switch (wanted.do) {
    case "confirm":
      await stripe.paymentIntents.confirm(id, { payment_method: wanted.card });
      return;
    case "capture":
      await stripe.paymentIntents.capture(
        id,
        wanted.amount === null ? {} : { amount_to_capture: wanted.amount },
      );
      return;
    case "cancel":
      await stripe.paymentIntents.cancel(id);
      return;
    case "refund":
      await stripe.refunds.create({
        payment_intent: id,
        ...(wanted.amount === null ? {} : { amount: wanted.amount }),
      });
      return;
    case "authenticate":
      await bench.mock(`/payment_intents/${id}/authenticate`, { outcome: wanted.pass ? "pass" : "fail" });
      return;
    case "dispute": {
      const [dispute] = (await stripe.disputes.list({ payment_intent: id })).data;
      if (dispute)
        await bench.mock(`/disputes/${dispute.id}/decide`, { outcome: wanted.win ? "won" : "lost" });
      else await bench.mock(`/payment_intents/${id}/dispute`, {});
    }
  }
}

test(
  "whatever is called in whatever order, the ledger balances and agrees with the API",
  { timeout: 30_000 },
  async () => {
    let run = 0;
    const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const key = `sk_test_run${(run += 1)}`;
      const stripe = new Stripe(key, {
        host: "127.0.0.1",
        port: bench.provider.port,
        protocol: "http",
        maxNetworkRetries: 0,
      });
      const payments: string[] = [];
      for (const each of steps) {
        try {
          await perform(stripe, payments, each);
        } catch (error) {
          if (!(error instanceof Stripe.errors.StripeError) || (error.statusCode ?? 500) >= 500) throw error;
        }
      }
      const { data } = (await bench.mock(`/ledger?account=${key}&limit=1000`)) as unknown as {
        data: LedgerLine[];
      };
      expect(data).toHaveLength(payments.length);
      for (const line of data) {
        const payment = await stripe.paymentIntents.retrieve(line.payment_intent, {
          expand: ["latest_charge"],
        });
        const charge = payment.latest_charge as Stripe.Charge | null;
        const held = line.authorized - line.captured - line.voided;
        expect(held).toBe(payment.amount_capturable);
        expect(line.captures).toBe(line.captured > 0 ? 1 : 0);
        expect(line.captured).toBe(payment.amount_received);
        expect(line.refunded).toBeGreaterThanOrEqual(0);
        expect(line.refunded).toBeLessThanOrEqual(line.captured);
        expect(line.disputed).toBeLessThanOrEqual(line.captured);
        expect(line.status).toBe(payment.status);
        if (charge?.captured) expect(charge.amount_refunded).toBe(line.refunded + line.voided);
        const refunds = (await stripe.refunds.list({ payment_intent: payment.id, limit: 100 })).data.filter(
          (each) => each.status !== "failed",
        );
        expect(refunds.reduce((sum, each) => sum + each.amount, 0)).toBe(line.refunded);
        expect(refunds.length).toBe(line.refunds);
      }
    });
    await fc.assert(property, { numRuns: 60, interruptAfterTimeLimit: 6_000, markInterruptAsFailure: false });
  },
);
