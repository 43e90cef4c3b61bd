import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { changing } from "./changes.ts";
import { customerOf } from "./customers.ts";
import { badParam, badState, noSuch } from "./errors.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import { shippingOf } from "./new-payment.ts";
import type { Charge } from "./objects.ts";
import {
  created,
  mergeMetadata,
  metadata,
  oneOf,
  paging,
  parseParams,
  shipping,
  text,
  unsettable,
} from "./params.ts";

/** The charge that a path or parameter names. */
export function chargeOf(actor: Actor, id: string, param = "id", status: 400 | 404 = 404): Charge {
  const found = actor.account.of.charges.get(id);
  if (!found) throw noSuch("charge", id, param, status);
  return found;
}

export function retrieveCharge(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  return chargeOf(call, call.path("id"));
}

const updateShape = z.object({
  description: unsettable().optional(),
  metadata: metadata.optional(),
  receipt_email: unsettable().optional(),
  customer: text().optional(),
  shipping: shipping.optional(),
  fraud_details: z.object({ user_report: oneOf("fraudulent", "safe") }).optional(),
  transfer_group: text().optional(),
  ...expandable,
});

export function updateCharge(call: Call): object {
  const params = parseParams(updateShape, call.params);
  const charge = chargeOf(call, call.path("id"));
  if (params.customer !== undefined && charge.customer !== null && charge.customer !== params.customer) {
    throw badParam("You cannot change the customer of a charge that already has one.", "customer");
  }
  return changing(call, "charge.updated", charge, () => {
    if (params.customer !== undefined) charge.customer = customerOf(call, params.customer, "customer").id;
    if (params.description !== undefined) charge.description = params.description;
    if (params.receipt_email !== undefined) charge.receipt_email = params.receipt_email;
    if (params.shipping) charge.shipping = shippingOf(params.shipping);
    if (params.transfer_group !== undefined) charge.transfer_group = params.transfer_group;
    if (params.fraud_details) charge.fraud_details = params.fraud_details;
    charge.metadata = mergeMetadata(charge.metadata, params.metadata);
    call.account.of.charges.put(charge);
  });
}

/** Charges of payment intents are captured through them. */
export function captureChargeDirectly(call: Call): object {
  const charge = chargeOf(call, call.path("id"));
  if (charge.captured)
    throw badState(`Charge ${charge.id} has already been captured.`, "charge_already_captured");
  throw badState(
    `This uncaptured Charge was created by a PaymentIntent (${charge.payment_intent ?? ""}). You must capture the PaymentIntent instead. For more information, see https://stripe.com/docs/payments/place-a-hold-on-a-payment-method`,
  );
}

const listShape = z.object({
  ...paging,
  ...expandable,
  created: created.optional(),
  customer: text().optional(),
  payment_intent: text().optional(),
  transfer_group: text().optional(),
});

export function listCharges(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.charges, params, "/v1/charges", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.customer === undefined || each.customer === params.customer) &&
      (params.payment_intent === undefined || each.payment_intent === params.payment_intent) &&
      (params.transfer_group === undefined || each.transfer_group === params.transfer_group),
  });
}
