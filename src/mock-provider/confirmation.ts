import type { Actor } from "./call.ts";
import { AUTHENTICATION_REQUIRED, NETWORK_CODE, type Decline } from "./declines.ts";
import { afterwards, approveCharge, pendingCharge, refuseCharge, settlePending } from "./charges.ts";
import { badParam, ProviderError, type ErrorBody } from "./errors.ts";
import { emit } from "./events.ts";
import type { PaymentIntent, PaymentMethod } from "./objects.ts";
import { cardOf } from "./payment-methods.ts";
import { noteUse } from "./spent-methods.ts";
import { randomId } from "./random-id.ts";

/** How a payment is confirmed. */
export interface Confirmation {
  return_url: string | null;
  off_session: boolean;
  error_on_requires_action: boolean;
  session: string | null;
}

/**
 * Confirms a payment with a method: charges it, or asks its owner to authenticate first.
 * https://docs.stripe.com/payments/paymentintents/lifecycle. Returns the error of a refused card, null when it went on.
 */
export function confirmWith(
  actor: Actor,
  payment: PaymentIntent,
  method: PaymentMethod,
  how: Confirmation,
): ProviderError | null {
  const { account } = actor;
  payment.payment_method = method.id;
  payment.last_payment_error = null;
  payment.next_action = null;
  account.of.payment_notes.put({
    id: payment.id,
    return_url: how.return_url,
    session: how.session,
    off_session: how.off_session,
  });
  if (method.type !== "card") return startDebit(actor, payment, method);
  if (!asksOwner(actor, payment, method, how.off_session)) return charge(actor, payment, method, false);
  if (how.off_session || how.error_on_requires_action)
    return refuse(actor, payment, method, AUTHENTICATION_REQUIRED, false);
  return challenge(actor, payment, how);
}

/** Whether the issuer wants its owner to authenticate, https://docs.stripe.com/testing#authentication-and-setup. */
function asksOwner(
  actor: Actor,
  payment: PaymentIntent,
  method: PaymentMethod,
  offSession: boolean,
): boolean {
  const wish = payment.payment_method_options?.card?.request_three_d_secure;
  switch (cardOf(actor, method.id)?.authenticate) {
    case "always":
      return true;
    case "until_set_up":
      return !(actor.account.of.card_notes.get(method.id)?.set_up ?? false);
    case "on_session":
      return !offSession;
    case "optional":
      return wish === "any" || wish === "challenge";
    default:
      return false;
  }
}

function challenge(actor: Actor, payment: PaymentIntent, how: Confirmation): null {
  const url = `${actor.world.url()}/3d-secure/${payment.id}?client_secret=${payment.client_secret ?? ""}`;
  payment.status = "requires_action";
  payment.next_action =
    how.return_url === null
      ? {
          type: "use_stripe_sdk",
          use_stripe_sdk: {
            type: "three_d_secure_redirect",
            stripe_js: url,
            source: randomId("src_1"),
            known_frame_issues: "false",
          },
        }
      : { type: "redirect_to_url", redirect_to_url: { return_url: how.return_url, url } };
  actor.account.of.payment_intents.put(payment);
  emit(actor, "payment_intent.requires_action", payment);
  return null;
}

/** The owner passed or failed the challenge. Returns the error to show, null when the payment went on. */
export function authenticate(actor: Actor, payment: PaymentIntent, passed: boolean): ProviderError | null {
  const method = actor.account.of.payment_methods.get(payment.payment_method);
  if (payment.status !== "requires_action" || !method) return null;
  const card = cardOf(actor, method.id);
  payment.next_action = null;
  if (passed && !card?.challengeFails) {
    if (payment.confirmation_method === "manual") {
      payment.status = "requires_confirmation";
      actor.account.of.payment_intents.put(payment);
      return null;
    }
    return charge(actor, payment, method, true);
  }
  const error: ErrorBody = {
    type: "invalid_request_error",
    code: "payment_intent_authentication_failure",
    message:
      "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.",
  };
  return failed(actor, payment, method, error, 400);
}

function charge(
  actor: Actor,
  payment: PaymentIntent,
  method: PaymentMethod,
  authenticated: boolean,
): ProviderError | null {
  const card = cardOf(actor, method.id);
  if (card?.decline) return refuse(actor, payment, method, card.decline, authenticated);
  const made = approveCharge(actor, { payment, method, authenticated });
  payment.latest_charge = made.id;
  spend(actor, method, payment);
  if (payment.capture_method === "manual") {
    payment.status = "requires_capture";
    payment.amount_capturable = payment.amount;
    actor.account.of.payment_intents.put(payment);
    emit(actor, "payment_intent.amount_capturable_updated", payment);
    return null;
  }
  succeed(actor, payment, payment.amount);
  afterwards(actor, made, card);
  return null;
}

/** A card that went through is saved where that was asked for; else it is spent. */
function spend(actor: Actor, method: PaymentMethod, payment: PaymentIntent): void {
  const save = payment.setup_future_usage !== null && payment.customer !== null;
  noteUse(actor, method, save);
  if (!save || method.customer !== null) return;
  method.customer = payment.customer;
  actor.account.of.payment_methods.put(method);
  emit(actor, "payment_method.attached", method);
}

/** All that will be received has been. */
export function succeed(actor: Actor, payment: PaymentIntent, received: number): void {
  payment.status = "succeeded";
  payment.amount_received = received;
  payment.amount_capturable = 0;
  payment.next_action = null;
  actor.account.of.payment_intents.put(payment);
  emit(actor, "payment_intent.succeeded", payment);
}

function refuse(
  actor: Actor,
  payment: PaymentIntent,
  method: PaymentMethod,
  decline: Decline,
  authenticated: boolean,
): ProviderError {
  const made = refuseCharge(actor, { payment, method, authenticated }, decline);
  payment.latest_charge = made.id;
  const error: ErrorBody = {
    type: "card_error",
    code: decline.code,
    message: decline.message,
    charge: made.id,
  };
  if (decline.decline_code !== undefined) error.decline_code = decline.decline_code;
  if (decline.advice !== undefined) error["advice_code"] = decline.advice;
  if (!decline.blocked) error["network_decline_code"] = NETWORK_CODE;
  if (decline.code === "incorrect_cvc") error.param = "cvc";
  return failed(actor, payment, method, error, 402);
}

function failed(
  actor: Actor,
  payment: PaymentIntent,
  method: PaymentMethod,
  body: ErrorBody,
  status: number,
): ProviderError {
  const error = new ProviderError(status, { ...body, payment_method: method });
  payment.status = "requires_payment_method";
  payment.payment_method = null;
  payment.last_payment_error = lastError(error, method);
  actor.account.of.payment_intents.put(payment);
  emit(actor, "payment_intent.payment_failed", payment);
  return new ProviderError(status, {
    ...body,
    payment_intent: structuredClone(payment),
    payment_method: method,
  });
}

function lastError(error: ProviderError, method: PaymentMethod): PaymentIntent["last_payment_error"] {
  const { code, decline_code, message, param, type } = error.body;
  const { charge, doc_url, advice_code, network_decline_code } = error.body;
  return {
    ...(typeof advice_code === "string" ? { advice_code } : {}),
    ...(typeof network_decline_code === "string" ? { network_decline_code } : {}),
    ...(typeof charge === "string" ? { charge } : {}),
    ...(code === undefined ? {} : { code }),
    ...(decline_code === undefined ? {} : { decline_code }),
    ...(typeof doc_url === "string" ? { doc_url } : {}),
    message,
    ...(param === undefined ? {} : { param }),
    payment_method: method,
    type,
  };
}

function startDebit(actor: Actor, payment: PaymentIntent, method: PaymentMethod): null {
  if (payment.currency !== "eur") {
    throw badParam(
      "The currency provided (" +
        payment.currency +
        ") is invalid for one or more payment method types on this PaymentIntent.",
      "currency",
    );
  }
  const made = pendingCharge(actor, { payment, method, authenticated: false });
  payment.latest_charge = made.id;
  payment.status = "processing";
  actor.account.of.payment_intents.put(payment);
  emit(actor, "payment_intent.processing", payment);
  const { clock } = actor.world;
  clock.schedule({
    at: clock.ms() + 3_000,
    account: actor.account.name,
    task: "settle_payment",
    object: payment.id,
  });
  return null;
}

/** Test accounts whose debits come back, https://docs.stripe.com/payments/sepa-debit/accept-a-payment#test-your-integration. */
const RETURNED = new Set([
  "AT861904300235473202",
  "DE62370400440532013001",
  "FR8420041010050500013M02607",
  "IT60X0542811101000000123456",
]);

/** The bank's answer to a debit that was under way. */
export function finishDebit(actor: Actor, payment: PaymentIntent): ProviderError | null {
  const made = actor.account.of.charges.get(payment.latest_charge);
  const method = actor.account.of.payment_methods.get(payment.payment_method);
  if (payment.status !== "processing" || !made || !method) return null;
  const iban = actor.account.of.card_notes.get(method.id)?.number.replace(/\s/g, "") ?? "";
  if (RETURNED.has(iban) || iban.endsWith("3202")) {
    made.status = "failed";
    made.failure_code = "debit_not_authorized";
    made.failure_message = "The customer has notified their bank that this payment was unauthorized.";
    actor.account.of.charges.put(made);
    emit(actor, "charge.failed", made);
    const body: ErrorBody = {
      type: "card_error",
      code: made.failure_code,
      message: made.failure_message,
      charge: made.id,
    };
    return failed(actor, payment, method, body, 402);
  }
  settlePending(actor, made);
  succeed(actor, payment, payment.amount);
  return null;
}
