import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { makePrice, priceData, priceOf } from "./prices.ts";
import { checkAmount } from "./currencies.ts";
import { customerOf } from "./customers.ts";
import { badParam, badState, missingParam, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import { newSession } from "./new-session.ts";
import type { LineItem, Session } from "./objects.ts";
import {
  boolean,
  created,
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
import { shippingOf } from "./new-payment.ts";
import { randomId } from "./random-id.ts";

const lineItem = z.object({
  price: text().optional(),
  price_data: priceData.optional(),
  quantity: integer.optional(),
  adjustable_quantity: z.unknown().optional(),
  dynamic_tax_rates: z.unknown().optional(),
  tax_rates: z.unknown().optional(),
  metadata: metadata.optional(),
});
const paymentData = z.object({
  application_fee_amount: integer.optional(),
  capture_method: oneOf("automatic", "automatic_async", "manual").optional(),
  description: text().optional(),
  metadata: metadata.optional(),
  on_behalf_of: text().optional(),
  receipt_email: text().optional(),
  setup_future_usage: oneOf("off_session", "on_session").optional(),
  shipping: shipping.optional(),
  statement_descriptor: text(22).optional(),
  statement_descriptor_suffix: text(22).optional(),
  transfer_data: z.unknown().optional(),
  transfer_group: text().optional(),
});
const anything = z.unknown().optional();
const createShape = z.object({
  mode: oneOf("payment", "setup", "subscription").optional(),
  line_items: listOf(lineItem).optional(),
  payment_intent_data: paymentData.optional(),
  success_url: text().optional(),
  cancel_url: text().optional(),
  return_url: text().optional(),
  ui_mode: oneOf("hosted_page", "embedded_page", "elements", "form").optional(),
  client_reference_id: text(200).optional(),
  currency: text().optional(),
  customer: text().optional(),
  customer_creation: oneOf("always", "if_required").optional(),
  customer_email: text(800).optional(),
  expires_at: integer.optional(),
  metadata: metadata.optional(),
  allowed_payment_method_types: listOf(text()).optional(),
  payment_method_types: listOf(text()).optional(),
  submit_type: oneOf("auto", "book", "donate", "pay", "subscribe").optional(),
  locale: text().optional(),
  adaptive_pricing: anything,
  after_expiration: anything,
  allow_promotion_codes: boolean.optional(),
  automatic_tax: anything,
  billing_address_collection: oneOf("auto", "required").optional(),
  branding_settings: anything,
  consent_collection: anything,
  custom_fields: anything,
  custom_text: anything,
  customer_update: anything,
  discounts: anything,
  integration_identifier: anything,
  invoice_creation: anything,
  name_collection: anything,
  optional_items: anything,
  origin_context: anything,
  payment_method_collection: anything,
  payment_method_configuration: anything,
  payment_method_data: anything,
  payment_method_options: anything,
  permissions: anything,
  phone_number_collection: anything,
  redirect_on_completion: anything,
  saved_payment_method_options: anything,
  shipping_address_collection: anything,
  shipping_options: anything,
  tax_id_collection: anything,
  wallet_options: anything,
  excluded_payment_method_types: anything,
  ...expandable,
});

/** POST /v1/checkout/sessions, https://docs.stripe.com/api/checkout/sessions/create; this provider serves mode `payment`. */
export function createSession(call: Call): object {
  const params = parseParams(createShape, call.params);
  const { clock } = call.world;
  const mode = params.mode ?? "payment";
  if (mode !== "payment")
    throw badParam(`This test provider supports only mode payment, not ${mode}.`, "mode");
  if (params.ui_mode !== undefined && params.ui_mode !== "hosted_page") {
    throw badParam(`This test provider supports only ui_mode hosted_page, not ${params.ui_mode}.`, "ui_mode");
  }
  if (params.success_url === undefined) throw missingParam("success_url");
  checkUrl(params.success_url, "success_url");
  if (params.cancel_url !== undefined) checkUrl(params.cancel_url, "cancel_url");
  if (!params.line_items || params.line_items.length === 0) throw missingParam("line_items");
  const now = clock.now();
  const expires = params.expires_at ?? now + 86_400;
  if (expires < now + 1_800 - 60) {
    throw badParam(
      "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
      "expires_at",
    );
  }
  if (expires > now + 86_400 + 60) {
    throw badParam(
      "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
      "expires_at",
    );
  }
  const customer = params.customer === undefined ? null : customerOf(call, params.customer, "customer");
  const items = params.line_items.map((each, index) => lineItemOf(call, each, `line_items[${index}]`));
  const currency = items[0]?.currency ?? "usd";
  if (items.some((each) => each.currency !== currency)) {
    throw badParam("All prices of a Checkout Session must have the same currency.", "line_items");
  }
  const total = items.reduce((sum, each) => sum + each.amount_total, 0);
  checkAmount(total, currency, "line_items");
  const data = params.payment_intent_data ?? {};
  const session = newSession(call, {
    amount: total,
    currency,
    expires,
    success_url: params.success_url,
    cancel_url: params.cancel_url ?? null,
    customer: customer?.id ?? null,
    email: params.customer_email ?? null,
    metadata: mergeMetadata({}, params.metadata),
  });
  session.client_reference_id = params.client_reference_id ?? null;
  session.customer_creation = params.customer_creation ?? (customer ? null : "if_required");
  session.allowed_payment_method_types = params.allowed_payment_method_types ?? null;
  session.payment_method_types = params.allowed_payment_method_types ??
    params.payment_method_types ?? ["card"];
  session.allow_promotion_codes = params.allow_promotion_codes ?? null;
  session.billing_address_collection = params.billing_address_collection ?? null;
  session.submit_type = params.submit_type ?? null;
  call.account.of.sessions.put(session);
  call.account.of.session_plans.put({
    id: session.id,
    line_items: items,
    payment: {
      capture_method: data.capture_method ?? "automatic_async",
      metadata: mergeMetadata({}, data.metadata),
      description: data.description ?? null,
      receipt_email: data.receipt_email ?? null,
      setup_future_usage: data.setup_future_usage ?? null,
      statement_descriptor: data.statement_descriptor ?? null,
      statement_descriptor_suffix: data.statement_descriptor_suffix ?? null,
      transfer_group: data.transfer_group ?? null,
      shipping: data.shipping ? shippingOf(data.shipping) : null,
    },
    notice: null,
  });
  clock.schedule({
    at: expires * 1000,
    account: call.account.name,
    task: "expire_session",
    object: session.id,
  });
  return session;
}

function checkUrl(url: string, param: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === "javascript" || scheme === "data") {
    throw badParam(`Invalid URL: An explicit scheme (such as https) must be provided.`, param, "url_invalid");
  }
}

function lineItemOf(call: Call, given: z.output<typeof lineItem>, at: string): LineItem {
  const quantity = given.quantity ?? 1;
  if (quantity < 1)
    throw badParam(
      "This value must be greater than or equal to 1.",
      `${at}[quantity]`,
      "parameter_invalid_integer",
    );
  if ((given.price === undefined) === (given.price_data === undefined)) {
    throw badParam(
      `You must specify either \`price\` or \`price_data\` for each line item.`,
      at,
      "parameter_missing",
    );
  }
  const price = given.price_data
    ? makePrice(call, given.price_data, `${at}[price_data]`, { active: false })
    : priceOf(call, given.price ?? "", `${at}[price]`, 400);
  if (price.recurring) {
    throw badParam(
      "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.",
      at,
    );
  }
  const total = (price.unit_amount ?? 0) * quantity;
  return {
    id: randomId("li_1"),
    object: "item",
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: total,
    amount_tax: 0,
    amount_total: total,
    currency: price.currency,
    description: call.account.of.products.get(price.product)?.name ?? null,
    metadata: mergeMetadata({}, given.metadata),
    price,
    quantity,
  };
}

/** The session that a path names. */
export function sessionOf(actor: Actor, id: string): Session {
  const found = actor.account.of.sessions.get(id);
  if (!found) throw noSuch("checkout.session", id, "session");
  return found;
}

export function retrieveSession(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  return sessionOf(call, call.path("id"));
}

export function updateSession(call: Call): object {
  const params = parseParams(
    z.object({
      metadata: metadata.optional(),
      collected_information: anything,
      shipping_options: anything,
      line_items: anything,
      ...expandable,
    }),
    call.params,
  );
  const session = sessionOf(call, call.path("id"));
  session.metadata = mergeMetadata(session.metadata ?? {}, params.metadata);
  return call.account.of.sessions.put(session);
}

/** POST /v1/checkout/sessions/:id/expire: only an open one can be. */
export function expireSession(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  const session = sessionOf(call, call.path("id"));
  if (session.status !== "open") {
    throw badState(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status ?? ""}\`.`,
    );
  }
  endSession(call, session);
  return session;
}

/** Ends an open session; a payment that it began is canceled with it. */
export function endSession(actor: Actor, session: Session): void {
  if (session.status !== "open") return;
  session.status = "expired";
  session.url = null;
  const payment = actor.account.of.payment_intents.get(session.payment_intent);
  if (
    payment &&
    ["requires_payment_method", "requires_confirmation", "requires_action"].includes(payment.status)
  ) {
    payment.status = "canceled";
    payment.canceled_at = actor.world.clock.now();
    payment.next_action = null;
    actor.account.of.payment_intents.put(payment);
    emit(actor, "payment_intent.canceled", payment);
  }
  actor.account.of.sessions.put(session);
  emit(actor, "checkout.session.expired", session);
}

const listShape = z.object({
  ...paging,
  ...expandable,
  created: created.optional(),
  customer: text().optional(),
  customer_details: z.object({ email: unsettable() }).optional(),
  payment_intent: text().optional(),
  payment_link: text().optional(),
  status: oneOf("complete", "expired", "open").optional(),
  subscription: text().optional(),
});

export function listSessions(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.sessions, params, "/v1/checkout/sessions", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.customer === undefined || each.customer === params.customer) &&
      (params.customer_details === undefined ||
        each.customer_details?.email === params.customer_details.email) &&
      (params.payment_intent === undefined || each.payment_intent === params.payment_intent) &&
      (params.status === undefined || each.status === params.status) &&
      params.payment_link === undefined &&
      params.subscription === undefined,
  });
}

export function listLineItems(call: Call): object {
  const params = parseParams(z.object({ ...paging, ...expandable }), call.params);
  const session = sessionOf(call, call.path("id"));
  const items = call.account.of.session_plans.get(session.id)?.line_items ?? [];
  const from =
    params.starting_after === undefined
      ? 0
      : items.findIndex((each) => each.id === params.starting_after) + 1;
  const data = items.slice(from, from + (params.limit ?? 10));
  return {
    object: "list",
    data,
    has_more: from + data.length < items.length,
    url: `/v1/checkout/sessions/${session.id}/line_items`,
  };
}
