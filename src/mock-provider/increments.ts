import { z } from "zod";
import type { Call } from "./call.ts";
import { raiseAuthorization } from "./charges.ts";
import { checkAmount } from "./currencies.ts";
import { badParam } from "./errors.ts";
import { emit } from "./events.ts";
import { paymentOf, unexpected } from "./new-payment.ts";
import { amount, mergeMetadata, metadata, parseParams, unsettable } from "./params.ts";

const shape = z.object({
  amount: amount(),
  description: unsettable(1000).optional(),
  metadata: metadata.optional(),
  statement_descriptor: unsettable(22).optional(),
});
const MOST = 10;

/**
 * POST /v1/payment_intents/:id/increment_authorization: holds more, where support was asked for when the payment was
 * made. https://docs.stripe.com/payments/incremental-authorization
 */
export function incrementAuthorization(call: Call): object {
  const params = parseParams(shape, call.params);
  const payment = paymentOf(call, call.path("id"));
  if (payment.status !== "requires_capture") {
    throw unexpected(
      payment,
      `This PaymentIntent's authorization could not be incremented because it has a status of ${payment.status}. Only a PaymentIntent with one of the following statuses may be incremented: requires_capture.`,
    );
  }
  const charge = call.account.of.charges.get(payment.latest_charge);
  const card = charge?.payment_method_details?.card;
  if (!charge || card?.incremental_authorization?.status !== "available") {
    throw unexpected(
      payment,
      "This PaymentIntent is not eligible for incremental authorization because you did not request support using `request_incremental_authorization` when you created or confirmed it.",
    );
  }
  checkAmount(params.amount, payment.currency);
  if (params.amount <= payment.amount) {
    throw badParam(
      "The amount must be greater than the currently authorized amount of this PaymentIntent.",
      "amount",
    );
  }
  const note = call.account.of.payment_notes.get(payment.id);
  if (note && (note.increments ?? 0) >= MOST) {
    throw unexpected(payment, `A PaymentIntent can have at most ${MOST} incremental authorization attempts.`);
  }
  if (note) call.account.of.payment_notes.put({ ...note, increments: (note.increments ?? 0) + 1 });
  payment.metadata = mergeMetadata(payment.metadata, params.metadata);
  if (params.description !== undefined) payment.description = params.description;
  if (params.statement_descriptor !== undefined) payment.statement_descriptor = params.statement_descriptor;
  raiseAuthorization(call, charge, params.amount);
  payment.amount_capturable += params.amount - payment.amount;
  payment.amount = params.amount;
  call.account.of.payment_intents.put(payment);
  emit(call, "payment_intent.amount_capturable_updated", payment);
  return payment;
}
