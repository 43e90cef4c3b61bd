import { z } from "zod";
import { move } from "./balance.ts";
import type { Actor, Call } from "./call.ts";
import { changing } from "./changes.ts";
import { chargeOf } from "./charge-endpoints.ts";
import { formatAmount } from "./currencies.ts";
import { badParam, badState, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { book } from "./ledger.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Charge, Refund } from "./objects.ts";
import {
  amount,
  boolean,
  created,
  mergeMetadata,
  metadata,
  oneOf,
  paging,
  parseParams,
  text,
} from "./params.ts";
import { cardOf } from "./payment-methods.ts";
import { paymentOf } from "./new-payment.ts";
import { randomId } from "./random-id.ts";

const SETTLES_MS = 2_000;

const createShape = z.object({
  amount: amount().optional(),
  charge: text().optional(),
  payment_intent: text().optional(),
  currency: text().optional(),
  customer: text().optional(),
  instructions_email: text().optional(),
  metadata: metadata.optional(),
  origin: text().optional(),
  reason: oneOf("duplicate", "fraudulent", "requested_by_customer").optional(),
  refund_application_fee: boolean.optional(),
  reverse_transfer: boolean.optional(),
  ...expandable,
});

/** POST /v1/refunds, https://docs.stripe.com/api/refunds/create. */
export function createRefund(call: Call): object {
  const params = parseParams(createShape, call.params);
  if (params.charge === undefined && params.payment_intent === undefined) {
    throw badParam(
      "One of the following params should be provided for this request: payment_intent or charge.",
      "",
    );
  }
  const charge =
    params.charge === undefined
      ? chargeOfPayment(call, params.payment_intent ?? "")
      : chargeOf(call, params.charge, "charge", 400);
  if (
    params.charge !== undefined &&
    params.payment_intent !== undefined &&
    charge.payment_intent !== params.payment_intent
  ) {
    throw badParam(
      `The charge ${charge.id} does not belong to the payment intent ${params.payment_intent}.`,
      "charge",
    );
  }
  return refund(call, charge, {
    amount: params.amount ?? null,
    reason: params.reason ?? null,
    metadata: mergeMetadata({}, params.metadata),
  });
}

function chargeOfPayment(actor: Actor, id: string): Charge {
  const payment = paymentOf(actor, id, "payment_intent", 400);
  const charge = actor.account.of.charges.get(payment.latest_charge);
  if (charge?.status !== "succeeded") throw notCharged(id);
  return charge;
}

const notCharged = (payment: string) =>
  badState(
    `This PaymentIntent (${payment}) does not have a successful charge to refund.`,
    "payment_intent_unexpected_state",
  );

interface Wanted {
  amount: number | null;
  reason: Refund["reason"];
  metadata: Record<string, string>;
}

/** Gives money of a captured charge back; `amount` null is all that is left. */
export function refund(actor: Actor, charge: Charge, wanted: Wanted): Refund {
  if (charge.status !== "succeeded" || !charge.captured) {
    throw charge.status === "succeeded" && charge.payment_intent !== null
      ? badState(
          `This uncaptured Charge was created by a PaymentIntent (${charge.payment_intent}). You must cancel the PaymentIntent to reverse the authorization instead of refunding the Charge directly. For more information, see https://stripe.com/docs/payments/place-a-hold-on-a-payment-method`,
        )
      : notCharged(charge.payment_intent ?? charge.id);
  }
  const dispute = actor.account.of.disputes.by("charge", charge.id)[0];
  if (dispute && !dispute.is_charge_refundable && dispute.status !== "won") {
    throw badState(`Charge ${charge.id} has been charged back; cannot issue a refund.`, "charge_disputed");
  }
  const left = charge.amount - charge.amount_refunded;
  if (left <= 0) throw badState(`Charge ${charge.id} has already been refunded.`, "charge_already_refunded");
  const asked = wanted.amount ?? left;
  if (asked > left) {
    const shown = formatAmount(asked, charge.currency);
    const untouched = charge.amount_refunded === 0;
    throw badState(
      `Refund amount (${shown}) is greater than ${untouched ? "charge amount" : "unrefunded amount on charge"} (${formatAmount(left, charge.currency)})`,
      undefined,
      { param: "amount" },
    );
  }
  return make(actor, charge, asked, wanted);
}

function make(actor: Actor, charge: Charge, asked: number, wanted: Wanted): Refund {
  const { account, world } = actor;
  const card = charge.payment_method === null ? undefined : cardOf(actor, charge.payment_method);
  const id = randomId("re_3");
  const pending = card?.refund === "pending";
  const made: Refund = {
    id,
    object: "refund",
    amount: asked,
    balance_transaction: move(actor, {
      type: "refund",
      category: "refund",
      amount: -asked,
      fee: 0,
      currency: charge.currency,
      source: id,
      description: null,
    }).id,
    charge: charge.id,
    created: world.clock.now(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" },
      type: "card",
    },
    metadata: wanted.metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    ...(pending ? { pending_reason: "processing" as const } : {}),
    reason: wanted.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: pending ? "pending" : "succeeded",
    transfer_reversal: null,
  };
  const before = { amount_refunded: charge.amount_refunded, refunded: charge.refunded };
  charge.amount_refunded += asked;
  charge.refunded = charge.amount_refunded >= charge.amount;
  account.of.refunds.put(made);
  account.of.charges.put(charge);
  book(actor, charge.payment_intent, { refunded: asked, refunds: 1 });
  emit(actor, "refund.created", made);
  emit(actor, "charge.refunded", charge, before);
  if (card?.refund) {
    const task = pending ? "settle_refund" : "fail_refund";
    world.clock.schedule({ at: world.clock.ms() + SETTLES_MS, account: account.name, task, object: made.id });
  }
  return made;
}

/** A pending refund reaches the card. */
export function settleRefund(actor: Actor, id: string): void {
  const made = actor.account.of.refunds.get(id);
  if (made?.status !== "pending") return;
  changing(actor, ["refund.updated", "charge.refund.updated"], made, () => {
    made.status = "succeeded";
    delete made.pending_reason;
    actor.account.of.refunds.put(made);
  });
}

/** The bank sends a refund back: the money is ours again, https://docs.stripe.com/refunds#failed-refunds. */
export function failRefund(actor: Actor, id: string): void {
  const made = actor.account.of.refunds.get(id);
  const charge = actor.account.of.charges.get(made?.charge);
  if (!made || !charge || (made.status !== "succeeded" && made.status !== "pending")) return;
  const before = { status: made.status };
  made.status = "failed";
  made.failure_reason = "lost_or_stolen_card";
  made.failure_balance_transaction = move(actor, {
    type: "refund_failure",
    category: "refund_failure",
    amount: made.amount,
    fee: 0,
    currency: made.currency,
    source: made.id,
    description: "REFUND FOR FAILED REFUND",
    availableAtOnce: true,
  }).id;
  charge.amount_refunded -= made.amount;
  charge.refunded = false;
  actor.account.of.refunds.put(made);
  actor.account.of.charges.put(charge);
  book(actor, made.payment_intent, { refunded: -made.amount, refunds: -1 });
  emit(actor, "refund.updated", made, before);
  emit(actor, "refund.failed", made, before);
  emit(actor, "charge.refund.updated", made, before);
}

function refundOf(call: Call): Refund {
  const id = call.path("id");
  const found = call.account.of.refunds.get(id);
  if (!found) throw noSuch("refund", id, "id");
  return found;
}

export function retrieveRefund(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  return refundOf(call);
}

export function updateRefund(call: Call): object {
  const params = parseParams(z.object({ metadata: metadata.optional(), ...expandable }), call.params);
  const made = refundOf(call);
  return changing(call, ["refund.updated", "charge.refund.updated"], made, () => {
    made.metadata = mergeMetadata(made.metadata ?? {}, params.metadata);
    call.account.of.refunds.put(made);
  });
}

/** Only a refund that waits for its receiver can be canceled, and refunds to cards never do. */
export function cancelRefund(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  refundOf(call);
  throw badState("Canceling this refund is unsupported.");
}

/** GET /v1/charges/:id/refunds. */
export function listRefundsOfCharge(call: Call): object {
  const params = parseParams(listShape, call.params);
  const charge = chargeOf(call, call.path("id"));
  return listed(call, call.account.of.refunds, params, `/v1/charges/${charge.id}/refunds`, {
    matches: (each) => each.charge === charge.id && matchesCreated(each, params.created),
  });
}

export function retrieveRefundOfCharge(call: Call): object {
  const id = call.path("refund");
  const made = call.account.of.refunds.get(id);
  if (made?.charge !== chargeOf(call, call.path("id")).id) throw noSuch("refund", id, "refund");
  return made;
}

const listShape = z.object({
  ...paging,
  ...expandable,
  charge: text().optional(),
  payment_intent: text().optional(),
  created: created.optional(),
});

export function listRefunds(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.refunds, params, "/v1/refunds", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.charge === undefined || each.charge === params.charge) &&
      (params.payment_intent === undefined || each.payment_intent === params.payment_intent),
  });
}
