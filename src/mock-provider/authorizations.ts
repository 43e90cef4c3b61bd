import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { afterwards, captureCharge, voidCharge } from "./charges.ts";
import { succeed } from "./confirmation.ts";
import { badParam } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { paymentOf, unexpected } from "./new-payment.ts";
import type { PaymentIntent } from "./objects.ts";
import {
  amount,
  boolean,
  integer,
  mergeMetadata,
  metadata,
  oneOf,
  parseParams,
  unsettable,
  type MetadataChange,
} from "./params.ts";
import { cardOf } from "./payment-methods.ts";
import { followPayment } from "./session-progress.ts";

const captureShape = z.strictObject({
  amount_to_capture: amount().optional(),
  amount_details: z.unknown().optional(),
  application_fee_amount: integer.optional(),
  final_capture: boolean.optional(),
  hooks: z.unknown().optional(),
  metadata: metadata.optional(),
  payment_details: z.unknown().optional(),
  statement_descriptor: unsettable(22).optional(),
  statement_descriptor_suffix: unsettable(22).optional(),
  transfer_data: z.unknown().optional(),
  ...expandable,
});

/** POST /v1/payment_intents/:id/capture, https://docs.stripe.com/api/payment_intents/capture. */
export function capturePaymentIntent(call: Call): object {
  const params = parseParams(captureShape, call.params);
  if (params.final_capture === false) {
    throw badParam(
      "This payment is not eligible for multicapture.",
      "final_capture",
      "payment_intent_invalid_parameter",
    );
  }
  const payment = paymentOf(call, call.path("id"));
  capturePayment(call, payment, params.amount_to_capture ?? null, params.metadata);
  return payment;
}

/** Takes `amount` (null: all) of what the payment holds, once. */
export function capturePayment(
  actor: Actor,
  payment: PaymentIntent,
  asked: number | null,
  change?: MetadataChange,
): void {
  const charge = actor.account.of.charges.get(payment.latest_charge);
  if (payment.status === "succeeded") {
    throw unexpected(
      payment,
      "This PaymentIntent could not be captured because it has already been captured.",
    );
  }
  if (payment.status !== "requires_capture" || !charge) {
    throw unexpected(
      payment,
      `This PaymentIntent could not be captured because it has a status of ${payment.status}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.`,
    );
  }
  const taken = asked ?? payment.amount_capturable;
  if (taken > payment.amount_capturable) {
    throw badParam(
      "The payment could not be captured because the requested capture amount is greater than the amount you can capture for this charge.",
      "amount_to_capture",
      "amount_too_large",
    );
  }
  payment.metadata = mergeMetadata(payment.metadata, change);
  captureCharge(actor, charge, taken);
  succeed(actor, payment, taken);
  followPayment(actor, payment);
  const card = payment.payment_method === null ? undefined : cardOf(actor, payment.payment_method);
  afterwards(actor, charge, card);
}

const cancelShape = z.strictObject({
  cancellation_reason: oneOf("duplicate", "fraudulent", "requested_by_customer", "abandoned").optional(),
  ...expandable,
});
const CANCELABLE = [
  "requires_payment_method",
  "requires_capture",
  "requires_confirmation",
  "requires_action",
  "processing",
];

/** POST /v1/payment_intents/:id/cancel, https://docs.stripe.com/api/payment_intents/cancel. */
export function cancelPaymentIntent(call: Call): object {
  const params = parseParams(cancelShape, call.params);
  const payment = paymentOf(call, call.path("id"));
  cancelPayment(call, payment, params.cancellation_reason ?? null);
  return payment;
}

/** Ends a payment that has not gone through; what it held goes back to the card. */
export function cancelPayment(
  actor: Actor,
  payment: PaymentIntent,
  reason: PaymentIntent["cancellation_reason"],
): void {
  if (!CANCELABLE.includes(payment.status) || payment.status === "processing") {
    throw unexpected(
      payment,
      `You cannot cancel this PaymentIntent because it has a status of ${payment.status}. Only a PaymentIntent with one of the following statuses may be canceled: ${CANCELABLE.join(", ")}.`,
    );
  }
  end(actor, payment, reason, "charge.refunded");
}

function end(
  actor: Actor,
  payment: PaymentIntent,
  reason: PaymentIntent["cancellation_reason"],
  how: "charge.refunded" | "charge.expired",
): void {
  const charge = actor.account.of.charges.get(payment.latest_charge);
  if (payment.status === "requires_capture" && charge) voidCharge(actor, charge, how);
  payment.status = "canceled";
  payment.canceled_at = actor.world.clock.now();
  payment.cancellation_reason = reason;
  payment.amount_capturable = 0;
  payment.next_action = null;
  actor.account.of.payment_intents.put(payment);
  emit(actor, "payment_intent.canceled", payment);
}

/** An authorization that nobody captured in time lapses. */
export function expireAuthorization(actor: Actor, id: string): void {
  const payment = actor.account.of.payment_intents.get(id);
  if (payment?.status === "requires_capture") end(actor, payment, "automatic", "charge.expired");
}
