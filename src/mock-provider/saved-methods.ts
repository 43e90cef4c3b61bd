import { z } from "zod";
import type { Call } from "./call.ts";
import { changing } from "./changes.ts";
import { customerOf } from "./customers.ts";
import { badState, missingParam, noSuch, ProviderError } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed } from "./lists.ts";
import {
  billingDetails,
  integer,
  mergeMetadata,
  metadata,
  oneOf,
  paging,
  parseParams,
  text,
} from "./params.ts";
import { cardOf, defined, emptyAddress, methodNamed } from "./payment-methods.ts";
import { noteUse, refuseSpent } from "./spent-methods.ts";

export function retrievePaymentMethod(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  return methodNamed(call, call.path("id"), "payment_method", 404);
}

const updateShape = z.object({
  billing_details: billingDetails.optional(),
  metadata: metadata.optional(),
  allow_redisplay: oneOf("always", "limited", "unspecified").optional(),
  card: z.object({ exp_month: integer.optional(), exp_year: integer.optional() }).optional(),
  ...expandable,
});

export function updatePaymentMethod(call: Call): object {
  const params = parseParams(updateShape, call.params);
  const method = methodNamed(call, call.path("id"), "payment_method", 404);
  if (method.customer === null) {
    throw badState("You must save this PaymentMethod to a customer before you can update it.", undefined);
  }
  return changing(call, "payment_method.updated", method, () => {
    method.metadata = mergeMetadata(method.metadata ?? {}, params.metadata);
    if (params.allow_redisplay !== undefined) method.allow_redisplay = params.allow_redisplay;
    if (params.billing_details) {
      const { address, ...rest } = params.billing_details;
      method.billing_details = { ...method.billing_details, ...defined(rest) };
      if (address) {
        method.billing_details.address = {
          ...emptyAddress(),
          ...method.billing_details.address,
          ...defined(address),
        };
      }
    }
    if (method.card && params.card) method.card = { ...method.card, ...defined(params.card) };
    call.account.of.payment_methods.put(method);
  });
}

const attachShape = z.object({ customer: text().optional(), customer_account: text().optional() });

/** Saves the method to a customer; a card that fails this is declined here, https://docs.stripe.com/testing. */
export function attachPaymentMethod(call: Call): object {
  const params = parseParams(attachShape, call.params);
  const method = methodNamed(call, call.path("id"), "payment_method", 404);
  if (params.customer === undefined) throw missingParam("customer");
  const customer = customerOf(call, params.customer, "customer");
  if (method.customer !== null && method.customer !== customer.id) {
    throw badState("The payment method you provided has already been attached to a customer.", undefined);
  }
  const card = cardOf(call, method.id);
  refuseSpent(call, method);
  if (card?.decline && !card.authenticate && !card.attachable && !card.decline.blocked) {
    const { code, decline_code, message } = card.decline;
    const body = { type: "card_error" as const, code, message };
    throw new ProviderError(402, decline_code === undefined ? body : { ...body, decline_code });
  }
  method.customer = customer.id;
  call.account.of.payment_methods.put(method);
  emit(call, "payment_method.attached", method);
  return method;
}

export function detachPaymentMethod(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  const method = methodNamed(call, call.path("id"), "payment_method", 404);
  if (method.customer === null) {
    throw badState(
      "The payment method you provided is not attached to a customer so detachment is impossible.",
      undefined,
    );
  }
  const before = { customer: method.customer };
  method.customer = null;
  noteUse(call, method, false);
  call.account.of.payment_methods.put(method);
  emit(call, "payment_method.detached", method, before);
  return method;
}

/** GET /v1/customers/:id/payment_methods. */
export function listMethodsOfCustomer(call: Call): object {
  const params = parseParams(listShape, call.params);
  const customer = customerOf(call, call.path("id"), "customer", 404);
  return listed(
    call,
    call.account.of.payment_methods,
    params,
    `/v1/customers/${customer.id}/payment_methods`,
    {
      matches: (each) =>
        each.customer === customer.id && (params.type === undefined || each.type === params.type),
    },
  );
}

export function retrieveMethodOfCustomer(call: Call): object {
  const customer = customerOf(call, call.path("id"), "customer", 404);
  const method = call.account.of.payment_methods.get(call.path("method"));
  if (method?.customer !== customer.id) throw noSuch("PaymentMethod", call.path("method"), "payment_method");
  return method;
}

const listShape = z.object({
  ...paging,
  ...expandable,
  customer: text().optional(),
  type: text().optional(),
});

export function listPaymentMethods(call: Call): object {
  const params = parseParams(listShape, call.params);
  const customer = params.customer === undefined ? null : customerOf(call, params.customer, "customer").id;
  return listed(call, call.account.of.payment_methods, params, "/v1/payment_methods", {
    matches: (each) =>
      each.customer !== null &&
      (customer === null || each.customer === customer) &&
      (params.type === undefined || each.type === params.type),
  });
}
