import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { afterwards, captureCharge, voidCharge } from "./charges.ts";
import { succeed } from "./confirmation.ts";
import { badParam, badState } from "./errors.ts";
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
  text,
  unsettable,
  type MetadataChange,
} from "./params.ts";
import { cardOf } from "./payment-methods.ts";
import { refuseElsewhere } from "./payment-params.ts";
import { followPayment } from "./session-progress.ts";

const captureShape = z.object({
  amount_to_capture: amount(0).optional(),
  application_fee_amount: integer.optional(),
  final_capture: boolean.optional(),
  metadata: metadata.optional(),
  statement_descriptor: unsettable(22).optional(),
  statement_descriptor_suffix: unsettable(22).optional(),
  transfer_data: z.object({ destination: text().optional() }).optional(),
  ...expandable,
});

/** POST /v1/payment_intents/:id/capture, https://docs.stripe.com/api/payment_intents/capture. */
export function capturePaymentIntent(call: Call): object {
  const params = parseParams(captureShape, call.params);
  const payment = paymentOf(call, call.path("id"));
  refuseElsewhere(params);
  const { metadata: change, amount_to_capture: asked, final_capture: final } = params;
  capturePayment(call, payment, asked ?? null, { metadata: change, final: final ?? true });
  if (params.statement_descriptor !== undefined) payment.statement_descriptor = params.statement_descriptor;
  if (params.statement_descriptor_suffix !== undefined)
    payment.statement_descriptor_suffix = params.statement_descriptor_suffix;
  return call.account.of.payment_intents.put(payment);
}

interface Capture {
  metadata?: MetadataChange | undefined;
  /** False keeps the rest held for another capture, where the payment asked for that when it was made. */
  final: boolean;
}

/** Takes `amount` (null: all) of what the payment holds; once, unless several captures were asked for. */
export function capturePayment(
  actor: Actor,
  payment: PaymentIntent,
  asked: number | null,
  { metadata: change, final }: Capture = { final: true },
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
  const shown = charge.payment_method_details?.card;
  if (!final && shown?.multicapture?.status !== "available") {
    throw badState(
      "This PaymentIntent is not eligible for multicapture because you did not request support using `request_multicapture` when you created or confirmed it.",
      "payment_intent_invalid_parameter",
      { param: "final_capture" },
    );
  }
  if (taken === 0 && payment.amount_received === 0) {
    throw badParam(
      "This value must be greater than or equal to 1.",
      "amount_to_capture",
      "parameter_invalid_integer",
    );
  }
  const most =
    shown?.overcapture?.status === "available"
      ? Math.max(
          shown.overcapture.maximum_amount_capturable - payment.amount_received,
          payment.amount_capturable,
        )
      : payment.amount_capturable;
  if (taken > most) {
    throw badParam(
      "The payment could not be captured because the requested capture amount is greater than the amount you can capture for this charge.",
      "amount_to_capture",
      "amount_too_large",
    );
  }
  payment.metadata = mergeMetadata(payment.metadata, change);
  const last = final || taken >= payment.amount_capturable;
  captureCharge(actor, charge, taken, last);
  if (last) succeed(actor, payment, payment.amount_received + taken);
  else {
    payment.amount_received += taken;
    payment.amount_capturable -= taken;
    actor.account.of.payment_intents.put(payment);
    emit(actor, "payment_intent.amount_capturable_updated", payment);
    return;
  }
  followPayment(actor, payment);
  const card = payment.payment_method === null ? undefined : cardOf(actor, payment.payment_method);
  afterwards(actor, charge, card);
}

const cancelShape = z.object({
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
  const taken = payment.amount_received > 0;
  if (!CANCELABLE.includes(payment.status) || payment.status === "processing" || taken) {
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
  if (payment?.status !== "requires_capture") return;
  if (payment.amount_received > 0) capturePayment(actor, payment, 0);
  else end(actor, payment, "automatic", "charge.expired");
}
