import { z } from "zod";
import type { SessionSnapshot } from "../../domain/order.ts";
import type { DisputeSnapshot, PaymentSnapshot, RefundSnapshot } from "../../domain/payment.ts";

/** What to ask for with a payment, so that its snapshot is complete. */
export const WITH_CHARGE = { expand: ["latest_charge.balance_transaction"] };
export const WITH_PAYMENT = { expand: ["payment_intent.latest_charge.balance_transaction"] };

/** An expandable field: an id, or the object itself. */
const idOf = z.union([z.string(), z.object({ id: z.string() }).transform((object) => object.id)]);

const metadata = z.record(z.string(), z.string()).nullish();

const cardDetails = z
  .looseObject({ card: z.object({ capture_before: z.number().nullish() }).nullish() })
  .nullish();

export const chargeShape = z.object({
  id: z.string(),
  object: z.literal("charge"),
  amount: z.int(),
  amount_captured: z.int(),
  amount_refunded: z.int(),
  captured: z.boolean(),
  currency: z.string(),
  status: z.enum(["succeeded", "pending", "failed"]),
  payment_intent: idOf.nullish(),
  payment_method_details: cardDetails,
  balance_transaction: z.union([z.string(), z.object({ fee: z.int() })]).nullish(),
  metadata,
});

export const intentShape = z.object({
  id: z.string(),
  object: z.literal("payment_intent"),
  amount: z.int(),
  amount_capturable: z.int(),
  amount_received: z.int(),
  currency: z.string(),
  client_secret: z.string().nullish(),
  status: z.enum([
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
  ]),
  last_payment_error: z
    .looseObject({
      code: z.string().nullish(),
      decline_code: z.string().nullish(),
      message: z.string().nullish(),
      charge: z.string().nullish(),
    })
    .nullish(),
  cancellation_reason: z.string().nullish(),
  latest_charge: z.union([z.string(), chargeShape]).nullish(),
  metadata,
});

export const sessionShape = z.object({
  id: z.string(),
  object: z.literal("checkout.session"),
  status: z.enum(["open", "complete", "expired"]).nullish(),
  url: z.string().nullish(),
  payment_intent: z.union([z.string(), intentShape]).nullish(),
  client_reference_id: z.string().nullish(),
  metadata,
});

export const refundShape = z.object({
  id: z.string(),
  object: z.literal("refund"),
  amount: z.int(),
  status: z.enum(["pending", "requires_action", "succeeded", "failed", "canceled"]).nullish(),
  failure_reason: z.string().nullish(),
  payment_intent: idOf.nullish(),
  metadata,
});

export const disputeShape = z.object({
  id: z.string(),
  object: z.literal("dispute"),
  amount: z.int(),
  status: z.string(),
  reason: z.string(),
  balance_transactions: z.array(z.object({ amount: z.int(), fee: z.int() })).default([]),
  payment_intent: idOf.nullish(),
  metadata,
});

const captureBefore = (charge: z.output<typeof chargeShape>): string | null => {
  const at = charge.payment_method_details?.card?.capture_before;
  return at ? new Date(at * 1000).toISOString() : null;
};

const feeOf = ({ balance_transaction: moved }: z.output<typeof chargeShape>): number | null =>
  typeof moved === "object" && moved ? moved.fee : null;

export function paymentOf(intent: z.output<typeof intentShape>): PaymentSnapshot {
  const error = intent.last_payment_error;
  const charge = typeof intent.latest_charge === "object" ? intent.latest_charge : null;
  return {
    id: intent.id,
    status: intent.status,
    amount: intent.amount,
    currency: intent.currency,
    amount_capturable: intent.amount_capturable,
    amount_captured: intent.amount_received,
    capture_before: charge ? captureBefore(charge) : null,
    client_secret: intent.client_secret ?? null,
    failure:
      error && intent.status === "requires_payment_method"
        ? {
            code: error.decline_code ?? error.code ?? "unknown",
            message: error.message ?? "The payment failed.",
            attempt: error.charge ?? null,
          }
        : null,
    cancellation_reason: intent.cancellation_reason ?? null,
    fee: charge ? feeOf(charge) : null,
  };
}

/** A successful charge says the same of its payment, and until when it can be captured. Null for others. */
export function paymentOfCharge(charge: z.output<typeof chargeShape>): PaymentSnapshot | null {
  if (charge.status !== "succeeded" || !charge.payment_intent) return null;
  return {
    id: charge.payment_intent,
    status: charge.captured ? "succeeded" : "requires_capture",
    amount: charge.amount,
    currency: charge.currency,
    amount_capturable: charge.captured ? 0 : charge.amount,
    amount_captured: charge.amount_captured,
    capture_before: captureBefore(charge),
    client_secret: null,
    failure: null,
    cancellation_reason: null,
    fee: feeOf(charge),
  };
}

export const sessionOf = (session: z.output<typeof sessionShape>): SessionSnapshot => ({
  id: session.id,
  status: session.status ?? "open",
  url: session.url ?? null,
  payment:
    typeof session.payment_intent === "object" && session.payment_intent
      ? paymentOf(session.payment_intent)
      : null,
  payment_id:
    typeof session.payment_intent === "string"
      ? session.payment_intent
      : (session.payment_intent?.id ?? null),
});

export const refundOf = (refund: z.output<typeof refundShape>): RefundSnapshot => ({
  id: refund.id,
  refund_id: refund.metadata?.["refund_id"] ?? null,
  status: refund.status ?? "pending",
  amount: refund.amount,
  failure: refund.failure_reason ?? null,
});

export function disputeOf({
  id,
  status,
  amount,
  reason,
  balance_transactions: moves,
}: z.output<typeof disputeShape>): DisputeSnapshot {
  const sum = (amounts: number[]) => amounts.reduce((total, each) => total + each, 0);
  return {
    id,
    status,
    amount,
    reason,
    withdrawn: sum(moves.map((move) => Math.max(-move.amount, 0))),
    reinstated: sum(moves.map((move) => Math.max(move.amount, 0))),
    fee: sum(moves.map((move) => move.fee)),
  };
}
