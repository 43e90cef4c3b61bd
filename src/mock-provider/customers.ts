import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Customer } from "./objects.ts";
import {
  address,
  created,
  mergeMetadata,
  metadata,
  paging,
  parseParams,
  shipping,
  text,
  unsettable,
} from "./params.ts";
import { randomId, randomText } from "./random-id.ts";

const fields = {
  address: address.optional(),
  description: unsettable().optional(),
  email: unsettable(512).optional(),
  metadata: metadata.optional(),
  name: unsettable(256).optional(),
  phone: unsettable(20).optional(),
  shipping: shipping.optional(),
  payment_method: text().optional(),
  ...expandable,
};
const shape = z.object(fields);
type Fields = z.output<typeof shape>;

/** The customer that a parameter names, https://docs.stripe.com/api/customers. */
export function customerOf(actor: Actor, id: string, param: string, status: 400 | 404 = 400): Customer {
  const found = actor.account.of.customers.get(id);
  if (!found) throw noSuch("customer", id, param, status);
  return found;
}

export function createCustomer(call: Call): object {
  const params = parseParams(shape, call.params);
  const customer = make(call);
  change(customer, params);
  call.account.of.customers.put(customer);
  emit(call, "customer.created", customer);
  return customer;
}

function make(call: Call): Customer {
  return {
    id: randomId("cus_"),
    object: "customer",
    address: null,
    balance: 0,
    created: call.world.clock.now(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: randomText(8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  };
}

const nowhere = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };

function change(customer: Customer, params: Fields): void {
  if (params.description !== undefined) customer.description = params.description;
  if (params.email !== undefined) customer.email = params.email;
  if (params.name !== undefined) customer.name = params.name;
  if (params.phone !== undefined) customer.phone = params.phone;
  if (params.address) customer.address = { ...nowhere, ...clean(params.address) };
  if (params.shipping) {
    customer.shipping = {
      name: params.shipping.name,
      phone: params.shipping.phone ?? "",
      address: { ...nowhere, ...clean(params.shipping.address) },
    };
  }
  customer.metadata = mergeMetadata(customer.metadata, params.metadata);
}

const clean = (given: z.output<typeof address>) => ({
  city: given.city ?? null,
  country: given.country ?? null,
  line1: given.line1 ?? null,
  line2: given.line2 ?? null,
  postal_code: given.postal_code ?? null,
  state: given.state ?? null,
});

export function retrieveCustomer(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  return customerOf(call, call.path("id"), "id", 404);
}

export function updateCustomer(call: Call): object {
  const params = parseParams(shape, call.params);
  const customer = customerOf(call, call.path("id"), "id", 404);
  const before = { description: customer.description, email: customer.email, metadata: customer.metadata };
  change(customer, params);
  call.account.of.customers.put(customer);
  emit(call, "customer.updated", customer, before);
  return customer;
}

export function deleteCustomer(call: Call): object {
  const customer = customerOf(call, call.path("id"), "id", 404);
  call.account.of.customers.delete(customer.id);
  emit(call, "customer.deleted", customer);
  return { id: customer.id, object: "customer", deleted: true };
}

const listShape = z.object({
  ...paging,
  ...expandable,
  created: created.optional(),
  email: text().optional(),
});

export function listCustomers(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.customers, params, "/v1/customers", {
    matches: (each) =>
      matchesCreated(each, params.created) && (params.email === undefined || each.email === params.email),
  });
}
