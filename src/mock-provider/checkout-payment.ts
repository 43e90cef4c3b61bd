import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { sessionOf } from "./checkout-sessions.ts";
import { authenticate, confirmWith } from "./confirmation.ts";
import { addCustomer } from "./customers.ts";
import { badParam, badState, ProviderError } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import type { PaymentIntent, PaymentMethod, Session, SetupIntent } from "./objects.ts";
import { integer, parseParams, text } from "./params.ts";
import { newPayment } from "./new-payment.ts";
import { methodNamed } from "./payment-methods.ts";
import { followPayment } from "./session-progress.ts";
import { confirmSetup } from "./setup-confirmation.ts";

/**
 * What the hosted page does when its form is sent: makes the payment at the first submit, uses it again after a
 * decline, and confirms it. Returns the decline to show, null when the payment went on (perhaps to a challenge).
 */
export function submitSession(actor: Actor, session: Session, method: PaymentMethod): ProviderError | null {
  const { account } = actor;
  if (session.status !== "open") throw badState("This Checkout Session is no longer open.");
  describe(actor, session, method);
  if (session.mode === "setup") return submitSetup(actor, session, method);
  const payment = account.of.payment_intents.get(session.payment_intent) ?? begin(actor, session);
  const refused = confirmWith(actor, payment, method, {
    return_url: `${actor.world.url()}/c/pay/${session.id}/return`,
    off_session: false,
    error_on_requires_action: false,
    session: session.id,
  });
  note(actor, session, refused);
  followPayment(actor, payment);
  return refused;
}

/** What the session knows of its customer once the form was sent. */
function describe(actor: Actor, session: Session, method: PaymentMethod): void {
  const { email, name, phone, address } = method.billing_details;
  session.customer_details = {
    address,
    business_name: null,
    email: session.customer_details?.email ?? email,
    individual_name: null,
    name,
    phone: session.phone_number_collection?.enabled ? phone : null,
    tax_exempt: "none",
    tax_ids: [],
  };
  if (session.customer === null && session.customer_creation === "always")
    session.customer = addCustomer(actor, { email: session.customer_details.email, name }).id;
  actor.account.of.sessions.put(session);
}

/** In `setup` mode the card is saved and nothing is paid. */
function submitSetup(actor: Actor, session: Session, method: PaymentMethod): ProviderError | null {
  const intent = actor.account.of.setup_intents.get(session.setup_intent);
  if (!intent) return null;
  intent.customer = session.customer;
  try {
    confirmSetup(actor, intent, method, `${actor.world.url()}/c/pay/${session.id}/return`);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    note(actor, session, error);
    return error;
  }
  followSetup(actor, intent, null);
  return null;
}

/** Carries what became of a setup over to the Checkout Session it belongs to, if any. */
export function followSetup(actor: Actor, intent: SetupIntent, refused: ProviderError | null): void {
  const { sessions } = actor.account.of;
  for (const session of sessions.by("setup_intent", intent.id)) {
    note(actor, session, refused);
    if (intent.status !== "succeeded" || session.status !== "open") continue;
    session.status = "complete";
    session.url = null;
    sessions.put(session);
    emit(actor, "checkout.session.completed", session);
  }
}

function begin(actor: Actor, session: Session): PaymentIntent {
  const plan = actor.account.of.session_plans.get(session.id);
  const payment = newPayment(actor, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? "usd",
    customer: session.customer,
    ...(plan?.payment ?? { metadata: {} }),
    payment_method_types: session.payment_method_types,
  });
  session.payment_intent = payment.id;
  actor.account.of.payment_intents.put(payment);
  emit(actor, "payment_intent.created", payment);
  return payment;
}

function note(actor: Actor, session: Session, refused: ProviderError | null): void {
  const plan = actor.account.of.session_plans.get(session.id);
  if (plan) actor.account.of.session_plans.put({ ...plan, notice: refused?.message ?? null });
}

/** The challenge's outcome, wherever the payment came from. */
export function finishChallenge(actor: Actor, payment: PaymentIntent, passed: boolean): ProviderError | null {
  const refused = authenticate(actor, payment, passed);
  const session = actor.account.of.sessions.get(actor.account.of.payment_notes.get(payment.id)?.session);
  if (session) note(actor, session, refused);
  followPayment(actor, payment);
  return refused;
}

/** `success_url` with its placeholder filled in. */
export const successUrl = (session: Session) =>
  (session.success_url ?? "")
    .replaceAll("{CHECKOUT_SESSION_ID}", session.id)
    .replaceAll("%7BCHECKOUT_SESSION_ID%7D", session.id);

/** GET /v1/payment_pages/:id, as the CLI's triggers use it: the page's view of a session. */
export function retrievePaymentPage(call: Call): object {
  parseParams(z.strictObject({ ...expandable, key: text().optional() }), call.params);
  return page(sessionOf(call, call.path("id")), null);
}

const confirmShape = z.strictObject({
  payment_method: text(),
  expected_amount: integer.optional(),
  expected_payment_method_type: text().optional(),
  key: text().optional(),
  return_url: text().optional(),
  ...expandable,
});

/** POST /v1/payment_pages/:id/confirm: pays as the page would. */
export function confirmPaymentPage(call: Call): object {
  const params = parseParams(confirmShape, call.params);
  const session = sessionOf(call, call.path("id"));
  if (params.expected_amount !== undefined && params.expected_amount !== session.amount_total) {
    throw badParam(
      "The amount of this Checkout Session has changed.",
      "expected_amount",
      "checkout_amount_mismatch",
    );
  }
  const method = methodNamed(call, params.payment_method, "payment_method");
  const refused = submitSession(call, session, method);
  if (refused) throw refused;
  return page(session, call.account.of.payment_intents.get(session.payment_intent) ?? null);
}

function page(session: Session, payment: PaymentIntent | null): object {
  return {
    ...session,
    session_id: session.id,
    payment_intent: payment ?? session.payment_intent,
    state: session.status === "complete" ? "succeeded" : "active",
  };
}
