import type { Actor } from "./call.ts";
import { emit } from "./events.ts";
import type { PaymentIntent } from "./objects.ts";

/**
 * Carries what became of a payment over to the Checkout Session it belongs to, if any. A session is complete once its
 * payment went through, is authorized, or is under way at a bank; https://docs.stripe.com/payments/checkout/fulfill-orders.
 */
export function followPayment(actor: Actor, payment: PaymentIntent): void {
  const note = actor.account.of.payment_notes.get(payment.id);
  const session = actor.account.of.sessions.get(note?.session);
  if (!session) return;
  const paid = payment.status === "succeeded";
  if (session.status === "open") {
    if (!paid && payment.status !== "requires_capture" && payment.status !== "processing") return;
    session.status = "complete";
    session.payment_status = paid ? "paid" : "unpaid";
    session.url = null;
    actor.account.of.sessions.put(session);
    emit(actor, "checkout.session.completed", session);
    return;
  }
  if (session.status !== "complete" || session.payment_status === "paid") return;
  const debit = actor.account.of.charges.get(payment.latest_charge)?.payment_method_details?.type !== "card";
  if (paid) {
    session.payment_status = "paid";
    actor.account.of.sessions.put(session);
    if (debit) emit(actor, "checkout.session.async_payment_succeeded", session);
  } else if (debit && payment.last_payment_error) {
    emit(actor, "checkout.session.async_payment_failed", session);
  }
}
