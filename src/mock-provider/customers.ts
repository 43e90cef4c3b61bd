import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { changing } from "./changes.ts";
import { couponOf, redeem } from "./coupons.ts";
import { badParam, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Customer } from "./objects.ts";
import { typed } from "./parameters.ts";
import {
  address,
  created,
  email,
  integer,
  listOf,
  mergeMetadata,
  metadata,
  oneOf,
  paging,
  parseParams,
  shipping,
  text,
  unsettable,
} from "./params.ts";
import { keep, methodNamed } from "./payment-methods.ts";
import { randomId, randomText } from "./random-id.ts";
import { addSource } from "./sources.ts";

const shape = z.object({
  address: z.union([z.literal(""), address]).optional(),
  balance: integer.optional(),
  business_name: unsettable(150).optional(),
  coupon: unsettable().optional(),
  default_source: text().optional(),
  description: unsettable().optional(),
  email: email.optional(),
  individual_name: unsettable(150).optional(),
  invoice_prefix: text(12).optional(),
  invoice_settings: z.object({ default_payment_method: unsettable().optional() }).optional(),
  metadata: metadata.optional(),
  name: unsettable(256).optional(),
  next_invoice_sequence: integer.optional(),
  payment_method: text().optional(),
  phone: unsettable(20).optional(),
  preferred_locales: listOf(text()).optional(),
  shipping: z.union([z.literal(""), shipping]).optional(),
  source: text().optional(),
  tax_exempt: z.union([z.literal(""), oneOf("exempt", "none", "reverse")]).optional(),
});
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
  const method =
    params.payment_method === undefined
      ? undefined
      : methodNamed(call, params.payment_method, "payment_method");
  if (params.coupon) couponOf(call, params.coupon, "coupon");
  if (method) keep(call, method, customer.id);
  change(call, customer, params, "CustomerCreateParams");
  call.account.of.customers.put(customer);
  if (params.source !== undefined) addSource(call, customer, params.source);
  emit(call, "customer.created", customer);
  if (method) emit(call, "payment_method.attached", method);
  if (params.coupon) redeem(call, customer, params.coupon);
  return customer;
}

/** The customer whom a page makes of what it was told. */
export function addCustomer(
  actor: Actor,
  given: Pick<Customer, "email"> & { name: string | null },
): Customer {
  const customer = actor.account.of.customers.put({ ...make(actor), ...given });
  emit(actor, "customer.created", customer);
  return customer;
}

function make(call: Actor): Customer {
  return {
    id: randomId("cus_"),
    object: "customer",
    address: null,
    balance: 0,
    created: call.world.clock.now(),
    currency: null,
    customer_account: null,
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

const PLAIN = [
  "balance",
  "description",
  "email",
  "invoice_prefix",
  "name",
  "next_invoice_sequence",
  "phone",
] as const;

function change(call: Call, customer: Customer, params: Fields, line: string): void {
  for (const name of PLAIN) {
    if (params[name] !== undefined) Object.assign(customer, { [name]: params[name] });
  }
  for (const name of ["business_name", "individual_name"] as const) {
    if (params[name]) customer[name] = params[name];
  }
  if (params.preferred_locales) customer.preferred_locales = params.preferred_locales;
  if (params.tax_exempt !== undefined) customer.tax_exempt = params.tax_exempt || "none";
  if (params.address !== undefined) customer.address = params.address === "" ? null : clean(params.address);
  if (params.shipping !== undefined) {
    customer.shipping =
      params.shipping === ""
        ? null
        : {
            name: params.shipping.name,
            phone: params.shipping.phone ?? "",
            address: clean(params.shipping.address),
          };
  }
  const chosen = params.invoice_settings?.default_payment_method;
  if (chosen) checkOwn(call, customer, chosen);
  const settings = typed(line, call.params, "invoice_settings");
  if (settings) customer.invoice_settings = { ...customer.invoice_settings, ...settings };
  customer.metadata = mergeMetadata(customer.metadata, params.metadata);
}

function checkOwn(call: Call, customer: Customer, method: string): void {
  if (call.account.of.payment_methods.get(method)?.customer === customer.id) return;
  throw badParam(
    `The customer does not have a payment method with the ID ${method}. The payment method must be attached to the customer.`,
    "invoice_settings[default_payment_method]",
    "resource_missing",
  );
}

const clean = (given: z.output<typeof address>) => ({
  city: given.city ?? null,
  country: given.country ?? null,
  line1: given.line1 ?? null,
  line2: given.line2 ?? null,
  postal_code: given.postal_code ?? null,
  state: given.state ?? null,
});

const gone = (id: string) => ({ id, object: "customer", deleted: true });

/** A deleted customer can still be retrieved, as `deleted`. https://docs.stripe.com/api/customers/delete */
export function retrieveCustomer(call: Call): object {
  const id = call.path("id");
  return call.account.of.deleted.get(id) ? gone(id) : customerOf(call, id, "id", 404);
}

export function updateCustomer(call: Call): object {
  const params = parseParams(shape, call.params);
  const customer = customerOf(call, call.path("id"), "id", 404);
  if (params.coupon) couponOf(call, params.coupon, "coupon");
  if (params.default_source !== undefined && params.default_source !== customer.default_source) {
    if (call.account.of.payment_methods.get(params.default_source)?.customer !== customer.id)
      throw noSuch("source", params.default_source, "default_source", 400);
  }
  changing(call, "customer.updated", customer, () => {
    change(call, customer, params, "CustomerUpdateParams");
    if (params.default_source !== undefined) customer.default_source = params.default_source;
    if (params.source !== undefined) addSource(call, customer, params.source);
    call.account.of.customers.put(customer);
  });
  if (params.coupon !== undefined) redeem(call, customer, params.coupon);
  return customer;
}

export function deleteCustomer(call: Call): object {
  const customer = customerOf(call, call.path("id"), "id", 404);
  call.account.of.customers.delete(customer.id);
  call.account.of.deleted.put({ id: customer.id });
  emit(call, "customer.deleted", customer);
  return gone(customer.id);
}

const listShape = z.object({ ...paging, created: created.optional(), email: text().optional() });

export function listCustomers(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.customers, params, "/v1/customers", {
    matches: (each) =>
      matchesCreated(each, params.created) && (params.email === undefined || each.email === params.email),
  });
}
