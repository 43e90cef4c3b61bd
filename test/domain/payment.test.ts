import fc from "fast-check";
import { expect, test } from "vitest";
import { mergePayment, newPayment, type PaymentSnapshot } from "../../src/domain/payment.ts";
import { runs } from "./property.ts";

const order = { amount: 1_000, currency: "usd" };
const base = {
  id: "pi_1",
  ...order,
  amount_capturable: 0,
  amount_captured: 0,
  capture_before: null,
  client_secret: null,
  failure: null,
  cancellation_reason: null,
  fee: null,
} as const;

/** What a provider may say of one payment: captured and cancelled exclude each other. */
const snapshots = (end: "succeeded" | "canceled"): fc.Arbitrary<PaymentSnapshot> =>
  fc.constantFrom(
    { ...base, status: "requires_payment_method" },
    { ...base, status: "requires_payment_method", failure: { code: "generic_decline", message: "no" } },
    { ...base, status: "requires_confirmation" },
    { ...base, status: "requires_action" },
    { ...base, status: "processing" },
    {
      ...base,
      status: "requires_capture",
      amount_capturable: 1_000,
      capture_before: "2026-01-08T00:00:00.000Z",
    },
    { ...base, status: end, amount_captured: end === "succeeded" ? 1_000 : 0 },
  );

const history = fc
  .constantFrom("succeeded" as const, "canceled" as const)
  .chain((end) => fc.array(snapshots(end)));

const merge = (seen: PaymentSnapshot[]) =>
  seen.reduce((known, one) => mergePayment(known, one, order), newPayment);

test("what is known of a payment does not depend on the order in which it was heard, nor on how often", () => {
  const heard = history.chain((seen) =>
    fc.record({
      seen: fc.constant(seen),
      again: fc
        .tuple(fc.shuffledSubarray(seen, { minLength: seen.length }), fc.subarray(seen))
        .map(([all, some]) => [...all, ...some]),
    }),
  );
  fc.assert(
    fc.property(heard, ({ seen, again }) => {
      expect(merge(again)).toEqual(merge(seen));
    }),
    runs(1_000),
  );
});

test("amounts and status only move forward", () => {
  fc.assert(
    fc.property(history, (seen) => {
      seen.forEach((one, i) => {
        const before = merge(seen.slice(0, i));
        const after = mergePayment(before, one, order);
        expect(after.amount_authorized).toBeGreaterThanOrEqual(before.amount_authorized);
        expect(after.amount_captured).toBeGreaterThanOrEqual(before.amount_captured);
        expect(after.amount_captured).toBeLessThanOrEqual(after.amount_authorized);
        if (["succeeded", "canceled"].includes(before.status)) expect(after.status).toBe(before.status);
      });
    }),
    runs(500),
  );
});

test("another amount or currency is a mismatch, and stays one", () => {
  const wrong = mergePayment(newPayment, { ...base, status: "processing", currency: "eur" }, order);
  expect(wrong.mismatch).toBe("the provider's payment is 10.00 EUR, the order is 10.00 USD");
  expect(mergePayment(wrong, { ...base, status: "processing" }, order).mismatch).toBe(wrong.mismatch);
});

test("late news of a failed attempt says nothing about the attempts after it", () => {
  const failed = (attempt: string, code: string) =>
    ({ ...base, status: "requires_payment_method", failure: { code, message: code, attempt } }) as const;
  const first = mergePayment(newPayment, failed("ch_1", "generic_decline"), order);
  const retried = { ...first, failure: null };
  expect(mergePayment(retried, failed("ch_1", "generic_decline"), order).failure).toBeNull();
  const second = mergePayment(first, failed("ch_2", "lost_card"), order);
  expect(second.failure?.code).toBe("lost_card");
  expect(mergePayment(second, failed("ch_1", "generic_decline"), order)).toEqual(second);
});
