import { cardFee, move } from "./balance.ts";
import type { Actor } from "./call.ts";
import { NETWORK_CODE, type Decline } from "./declines.ts";
import { openDispute } from "./disputes.ts";
import { emit } from "./events.ts";
import { book } from "./ledger.ts";
import type { Charge, PaymentIntent, PaymentMethod } from "./objects.ts";
import { cardOf } from "./payment-methods.ts";
import { randomId, randomText } from "./random-id.ts";
import type { Card } from "./test-cards.ts";

/** How long an authorization holds, https://docs.stripe.com/payments/place-a-hold-on-a-payment-method. */
export const AUTHORIZATION_S = 7 * 86_400;

/** How much more than authorized may be taken where a payment asked for it, https://docs.stripe.com/payments/overcapture. */
const OVERCAPTURE = 1.15;

interface Attempt {
  payment: PaymentIntent;
  method: PaymentMethod;
  authenticated: boolean;
}

/** The attempt to charge as it is before its outcome is known. */
function blank(actor: Actor, { payment, method, authenticated }: Attempt): Charge {
  const now = actor.world.clock.now();
  const manual = payment.capture_method === "manual";
  const card = cardOf(actor, method.id);
  return {
    id: randomId(method.type === "card" ? "ch_3" : "py_3"),
    object: "charge",
    amount: payment.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: payment.statement_descriptor ?? "COUNTERSIGN TEST",
    captured: false,
    created: now,
    currency: payment.currency,
    customer: payment.customer,
    description: payment.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: payment.metadata,
    on_behalf_of: null,
    outcome: null,
    paid: false,
    payment_intent: payment.id,
    payment_method: method.id,
    payment_method_details: card
      ? cardDetails(card, { payment, method, authenticated }, manual ? now + AUTHORIZATION_S : null)
      : { type: method.type },
    receipt_email: payment.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: payment.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: payment.statement_descriptor,
    statement_descriptor_suffix: payment.statement_descriptor_suffix,
    status: "pending",
    transfer_data: null,
    transfer_group: payment.transfer_group,
  };
}

/** What the bank says of the address and the code that were given. */
const checksOf = (card: Card, { billing_details: { address } }: PaymentMethod) => ({
  address_line1_check: address?.line1 ? (card.checks?.line1 ?? "pass") : null,
  address_postal_code_check: address?.postal_code ? (card.checks?.postal ?? "pass") : null,
  cvc_check: card.checks?.cvc ?? "pass",
});

function cardDetails(
  card: Card,
  { payment, method, authenticated }: Attempt,
  captureBefore: number | null,
): Charge["payment_method_details"] {
  const shown = method.card;
  if (!shown) return { type: method.type };
  const manual = payment.capture_method === "manual";
  const asked = manual ? payment.payment_method_options?.card : undefined;
  return {
    card: {
      amount_authorized: payment.amount,
      authorization_code: randomText(6).toUpperCase(),
      brand: shown.brand,
      ...(captureBefore === null ? {} : { capture_before: captureBefore }),
      checks: checksOf(card, method),
      country: shown.country,
      electronic_commerce_indicator: null,
      exp_month: shown.exp_month,
      exp_year: shown.exp_year,
      extended_authorization: { status: "disabled" },
      fingerprint: shown.fingerprint ?? null,
      funding: shown.funding,
      incremental_authorization: {
        status: asked?.request_incremental_authorization ? "available" : "unavailable",
      },
      installments: null,
      last4: shown.last4,
      mandate: null,
      multicapture: { status: asked?.request_multicapture ? "available" : "unavailable" },
      network: shown.brand,
      network_token: { used: false },
      network_transaction_id: `1${String(Math.floor(Math.random() * 1e14)).padStart(14, "0")}`,
      overcapture: asked?.request_overcapture
        ? { maximum_amount_capturable: Math.floor(payment.amount * OVERCAPTURE), status: "available" }
        : { maximum_amount_capturable: payment.amount, status: "unavailable" },
      regulated_status: shown.regulated_status,
      three_d_secure: authenticated
        ? {
            authentication_flow: "challenge",
            electronic_commerce_indicator: "05",
            exemption_indicator: null,
            result: "authenticated",
            result_reason: null,
            transaction_id: randomText(20),
            version: "2.2.0",
          }
        : null,
      transaction_link_id: null,
      wallet: null,
    },
    type: "card",
  };
}

/** An attempt that the issuer (or Stripe's fraud rules) refuses. */
export function refuseCharge(actor: Actor, attempt: Attempt, decline: Decline): Charge {
  const charge = blank(actor, attempt);
  const blocked = decline.blocked ?? false;
  const reason = decline.decline_code ?? decline.code;
  charge.status = "failed";
  charge.failure_code = decline.code;
  charge.failure_message = decline.message;
  charge.outcome = {
    advice_code: decline.advice ?? null,
    network_advice_code: null,
    network_decline_code: blocked ? null : NETWORK_CODE,
    network_status: blocked ? "not_sent_to_network" : "declined_by_network",
    reason: blocked ? "highest_risk_level" : reason,
    risk_level: blocked ? "highest" : "normal",
    risk_score: blocked ? 99 : 20,
    seller_message: blocked
      ? "Stripe blocked this payment as too risky."
      : reason === "generic_decline"
        ? "The bank did not return any further details with this decline."
        : `The bank returned the decline code \`${reason}\`.`,
    type: blocked ? "blocked" : "issuer_declined",
  };
  actor.account.of.charges.put(charge);
  emit(actor, "charge.failed", charge);
  return charge;
}

/** An attempt that is approved: authorized, and captured at once unless the payment is captured by hand. */
export function approveCharge(actor: Actor, attempt: Attempt): Charge {
  const charge = blank(actor, attempt);
  charge.receipt_url = `${actor.world.url()}/receipts/${charge.id}`;
  approved(charge, cardOf(actor, attempt.method.id));
  book(actor, charge.payment_intent, { authorized: charge.amount });
  if (attempt.payment.capture_method === "manual") {
    actor.world.clock.schedule({
      at: (charge.created + AUTHORIZATION_S) * 1000,
      account: actor.account.name,
      task: "expire_authorization",
      object: attempt.payment.id,
    });
  } else {
    settle(actor, charge, charge.amount);
  }
  actor.account.of.charges.put(charge);
  // Captured asynchronously, a charge has its balance transaction a little later.
  const late = attempt.payment.capture_method === "automatic_async";
  emit(actor, "charge.succeeded", late ? { ...charge, balance_transaction: null } : charge);
  if (late) emit(actor, "charge.updated", charge, { balance_transaction: null });
  return charge;
}

function approved(charge: Charge, card?: Card): void {
  charge.status = "succeeded";
  charge.paid = true;
  charge.outcome = {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    network_status: "approved_by_network",
    reason: null,
    risk_level: card?.risk ?? "normal",
    risk_score: card?.risk === "elevated" ? 71 : 12,
    seller_message: "Payment complete.",
    type: "authorized",
  };
}

/** A bank debit that is under way; its bank answers later. */
export function pendingCharge(actor: Actor, attempt: Attempt): Charge {
  const charge = actor.account.of.charges.put(blank(actor, attempt));
  emit(actor, "charge.pending", charge);
  return charge;
}

/** The bank has paid. */
export function settlePending(actor: Actor, charge: Charge): void {
  approved(charge);
  book(actor, charge.payment_intent, { authorized: charge.amount });
  settle(actor, charge, charge.amount);
  actor.account.of.charges.put(charge);
  emit(actor, "charge.succeeded", charge);
}

function settle(actor: Actor, charge: Charge, amount: number, final = true): void {
  const card = charge.payment_method === null ? undefined : cardOf(actor, charge.payment_method);
  charge.captured = final;
  charge.amount_captured += amount;
  const transaction = move(actor, {
    type: "charge",
    category: "charge",
    amount,
    fee: cardFee(amount),
    currency: charge.currency,
    source: charge.id,
    description: charge.description,
    availableAtOnce: card?.availableAtOnce ?? false,
  });
  charge.balance_transaction = transaction.id;
  book(actor, charge.payment_intent, { captured: amount, captures: 1 });
}

/**
 * Takes `amount` of what is authorized. With the last capture the rest goes back to the card and shows as refunded, as
 * with Stripe; the captures before it, where a payment may have several, leave it held.
 */
export function captureCharge(actor: Actor, charge: Charge, amount: number, final: boolean): void {
  const { amount_captured, balance_transaction, captured } = charge;
  const more = charge.amount_captured + amount - charge.amount;
  if (more > 0) raiseTo(actor, charge, charge.amount + more);
  if (amount > 0) settle(actor, charge, amount, final);
  charge.captured = final;
  if (final) {
    charge.amount_refunded = charge.amount - charge.amount_captured;
    if (charge.amount_refunded > 0) book(actor, charge.payment_intent, { voided: charge.amount_refunded });
  }
  actor.account.of.charges.put(charge);
  emit(actor, final ? "charge.captured" : "charge.updated", charge, {
    amount_captured,
    balance_transaction,
    ...(final ? { captured } : {}),
  });
}

/** The issuer holds more: the payment was raised, or more is taken than was held. */
export function raiseAuthorization(actor: Actor, charge: Charge, amount: number): void {
  const before = { amount: charge.amount };
  raiseTo(actor, charge, amount);
  actor.account.of.charges.put(charge);
  emit(actor, "charge.updated", charge, before);
}

function raiseTo(actor: Actor, charge: Charge, amount: number): void {
  book(actor, charge.payment_intent, { authorized: amount - charge.amount });
  charge.amount = amount;
  const card = charge.payment_method_details?.card;
  if (card) card.amount_authorized = amount;
}

/** Gives an authorization back: nothing was captured, nothing will be. */
export function voidCharge(actor: Actor, charge: Charge, how: "charge.refunded" | "charge.expired"): void {
  charge.amount_refunded = charge.amount;
  charge.refunded = true;
  book(actor, charge.payment_intent, { voided: charge.amount });
  actor.account.of.charges.put(charge);
  emit(actor, how, charge, { amount_refunded: 0, refunded: false });
}

/** What certain test cards do once they are charged. */
export function afterwards(actor: Actor, charge: Charge, card: Card | undefined): void {
  if (card?.dispute === "twice") {
    const half = Math.floor(charge.amount_captured / 2);
    openDispute(actor, charge, "fraudulent", half);
    openDispute(actor, charge, "product_not_received", charge.amount_captured - half);
  } else if (card?.dispute) openDispute(actor, charge, card.dispute);
}
