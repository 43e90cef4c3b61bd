import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import type { CardSource, Customer, PaymentMethod } from "./objects.ts";
import { integer, mergeMetadata, metadata, parseParams, text, unsettable } from "./params.ts";
import { keep, makeMethod } from "./payment-methods.ts";

/**
 * A customer's cards as the older Sources API shows them, https://docs.stripe.com/api/cards. Behind each is a payment
 * method with an id `card_…`, as payments can use it.
 */
export function addSource(actor: Actor, customer: Customer, token: string): CardSource {
  const method = makeMethod(actor, { type: "card", card: { token } }, "card_1");
  keep(actor, method, customer.id);
  customer.default_source ??= method.id;
  actor.account.of.customers.put(customer);
  const source = shown(method);
  emit(actor, "customer.source.created", source);
  return source;
}

function shown(method: PaymentMethod): CardSource {
  const { card, billing_details: billing } = method;
  return {
    id: method.id,
    object: "card",
    address_city: billing.address?.city ?? null,
    address_country: billing.address?.country ?? null,
    address_line1: billing.address?.line1 ?? null,
    address_line1_check: null,
    address_line2: billing.address?.line2 ?? null,
    address_state: billing.address?.state ?? null,
    address_zip: billing.address?.postal_code ?? null,
    address_zip_check: null,
    brand: BRANDS[card?.brand ?? ""] ?? "Unknown",
    country: card?.country ?? null,
    customer: method.customer,
    cvc_check: "pass",
    dynamic_last4: null,
    exp_month: card?.exp_month ?? 0,
    exp_year: card?.exp_year ?? 0,
    fingerprint: card?.fingerprint ?? null,
    funding: card?.funding ?? "unknown",
    last4: card?.last4 ?? "",
    metadata: method.metadata,
    name: billing.name,
    regulated_status: "unregulated",
    tokenization_method: null,
  };
}
const BRANDS: Record<string, string> = {
  visa: "Visa",
  mastercard: "MasterCard",
  amex: "American Express",
  discover: "Discover",
  diners: "Diners Club",
  jcb: "JCB",
  unionpay: "UnionPay",
};

function customerHere(call: Call): Customer {
  const id = call.path("id");
  const found = call.account.of.customers.get(id);
  if (!found) throw noSuch("customer", id, "customer");
  return found;
}

function methodHere(call: Call): PaymentMethod {
  const id = call.path("source");
  const method = call.account.of.payment_methods.get(id);
  if (!method?.id.startsWith("card_") || method.customer !== customerHere(call).id)
    throw noSuch("source", id, "id");
  return method;
}

export function createSource(call: Call): object {
  const params = parseParams(z.object({ source: text(), metadata: metadata.optional() }), call.params);
  return addSource(call, customerHere(call), params.source);
}

export const retrieveSource = (call: Call): object => shown(methodHere(call));

export function listSources(call: Call): object {
  const customer = customerHere(call);
  const data = [...call.account.of.payment_methods.newest()]
    .filter((each) => each.customer === customer.id && each.id.startsWith("card_"))
    .map(shown);
  return { object: "list", data, has_more: false, url: `/v1/customers/${customer.id}/sources` };
}

const updateShape = z.object({
  exp_month: integer.optional(),
  exp_year: integer.optional(),
  metadata: metadata.optional(),
  name: unsettable().optional(),
});

export function updateSource(call: Call): object {
  const params = parseParams(updateShape, call.params);
  const method = methodHere(call);
  const before = shown(method);
  method.metadata = mergeMetadata(method.metadata ?? {}, params.metadata);
  if (params.name !== undefined) method.billing_details.name = params.name;
  if (method.card && params.exp_month !== undefined) method.card.exp_month = params.exp_month;
  if (method.card && params.exp_year !== undefined) method.card.exp_year = params.exp_year;
  call.account.of.payment_methods.put(method);
  const { exp_month, exp_year, metadata: former, name } = before;
  emit(call, "customer.source.updated", shown(method), { exp_month, exp_year, metadata: former, name });
  return shown(method);
}

export function deleteSource(call: Call): object {
  const method = methodHere(call);
  const customer = customerHere(call);
  emit(call, "customer.source.deleted", shown(method));
  call.account.of.payment_methods.delete(method.id);
  if (customer.default_source === method.id) customer.default_source = null;
  call.account.of.customers.put(customer);
  return { id: method.id, object: "card", deleted: true };
}
