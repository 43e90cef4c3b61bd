import { z } from "zod";
import type { Call } from "./call.ts";
import { confirmWith } from "./confirmation.ts";
import { checkAmount, knownCurrency } from "./currencies.ts";
import { customerOf } from "./customers.ts";
import { badParam, badState } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import { newPayment, paymentOf, shippingOf, unexpected } from "./new-payment.ts";
import type { PaymentIntent, PaymentMethod } from "./objects.ts";
import {
  amount,
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
import { makeMethod, methodData, methodNamed } from "./payment-methods.ts";

const confirmFields = {
  allowed_payment_method_types: listOf(text()).optional(),
  amount_to_confirm: integer.optional(),
  excluded_payment_method_types: listOf(text()).optional(),
  error_on_requires_action: boolean.optional(),
  mandate: text().optional(),
  mandate_data: z.unknown().optional(),
  off_session: z.union([boolean, oneOf("one_off", "recurring")]).optional(),
  payment_method: text().optional(),
  payment_method_data: z.strictObject(methodData).optional(),
  payment_method_options: z.record(z.string(), z.unknown()).optional(),
  payment_method_types: listOf(text()).optional(),
  radar_options: z.unknown().optional(),
  receipt_email: unsettable().optional(),
  return_url: text().optional(),
  setup_future_usage: z.union([z.literal(""), oneOf("off_session", "on_session")]).optional(),
  shipping: z.union([z.literal(""), shipping]).optional(),
  use_stripe_sdk: boolean.optional(),
  amount_details: z.unknown().optional(),
  hooks: z.unknown().optional(),
  payment_details: z.unknown().optional(),
  client_secret: text().optional(),
  ...expandable,
};
const commonFields = {
  ...confirmFields,
  application_fee_amount: integer.optional(),
  customer: text().optional(),
  customer_account: text().optional(),
  description: unsettable(1000).optional(),
  metadata: metadata.optional(),
  statement_descriptor: unsettable(22).optional(),
  statement_descriptor_suffix: unsettable(22).optional(),
  transfer_data: z.unknown().optional(),
  transfer_group: unsettable().optional(),
};
const captureMethod = oneOf("automatic", "automatic_async", "manual");
const createShape = z.strictObject({
  ...commonFields,
  amount: amount(),
  currency: text(),
  automatic_payment_methods: z
    .strictObject({ enabled: boolean, allow_redirects: oneOf("always", "never").optional() })
    .optional(),
  capture_method: captureMethod.optional(),
  confirm: boolean.optional(),
  confirmation_method: oneOf("automatic", "manual").optional(),
  confirmation_token: text().optional(),
  on_behalf_of: text().optional(),
  payment_method_configuration: text().optional(),
});

type Common = Partial<z.output<z.ZodObject<typeof commonFields>>>;

function change(call: Call, payment: PaymentIntent, params: Common): void {
  if (params.customer !== undefined) payment.customer = customerOf(call, params.customer, "customer").id;
  if (params.description !== undefined) payment.description = params.description;
  if (params.receipt_email !== undefined) payment.receipt_email = params.receipt_email;
  if (params.statement_descriptor !== undefined) payment.statement_descriptor = params.statement_descriptor;
  if (params.statement_descriptor_suffix !== undefined)
    payment.statement_descriptor_suffix = params.statement_descriptor_suffix;
  if (params.transfer_group !== undefined) payment.transfer_group = params.transfer_group;
  if (params.setup_future_usage !== undefined)
    payment.setup_future_usage = params.setup_future_usage === "" ? null : params.setup_future_usage;
  const types = params.allowed_payment_method_types ?? params.payment_method_types;
  if (types) payment.payment_method_types = types;
  if (params.allowed_payment_method_types)
    payment.allowed_payment_method_types = params.allowed_payment_method_types;
  if (params.excluded_payment_method_types)
    payment.excluded_payment_method_types = params.excluded_payment_method_types;
  if (params.shipping !== undefined)
    payment.shipping = params.shipping === "" ? null : shippingOf(params.shipping);
  payment.metadata = mergeMetadata(payment.metadata, params.metadata);
}

/** POST /v1/payment_intents, https://docs.stripe.com/api/payment_intents/create. */
export function createPaymentIntent(call: Call): object {
  const params = parseParams(createShape, call.params);
  const currency = knownCurrency(params.currency);
  checkAmount(params.amount, currency);
  if (params.automatic_payment_methods?.enabled && params.payment_method_types) {
    throw badParam(
      "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
      "automatic_payment_methods",
    );
  }
  for (const only of ["return_url", "off_session", "error_on_requires_action", "mandate_data"] as const) {
    if (params[only] !== undefined && !params.confirm) {
      throw badState(
        `You cannot provide \`${only}\` when creating a PaymentIntent without \`confirm\` set to true.`,
        undefined,
        { param: only },
      );
    }
  }
  const automatic = params.automatic_payment_methods?.enabled ?? params.payment_method_types === undefined;
  const payment = newPayment(call, {
    amount: params.amount,
    currency,
    metadata: {},
    capture_method: params.capture_method ?? "automatic_async",
    confirmation_method: params.confirmation_method ?? "automatic",
    automatic_payment_methods: automatic
      ? { allow_redirects: params.automatic_payment_methods?.allow_redirects ?? "always", enabled: true }
      : null,
  });
  change(call, payment, params);
  const method = givenMethod(call, params);
  if (params.confirm) checkConfirmable(payment, method, params.return_url);
  if (method) {
    payment.payment_method = method.id;
    payment.status = "requires_confirmation";
  }
  call.account.of.payment_intents.put(payment);
  emit(call, "payment_intent.created", payment);
  if (params.confirm && method) confirmNow(call, payment, method, params);
  return payment;
}

function givenMethod(call: Call, params: Common): PaymentMethod | undefined {
  if (params.payment_method !== undefined) return methodNamed(call, params.payment_method, "payment_method");
  return params.payment_method_data ? makeMethod(call, params.payment_method_data) : undefined;
}

function checkConfirmable(
  payment: PaymentIntent,
  method: PaymentMethod | undefined,
  returnUrl: string | undefined,
): void {
  if (!method) {
    throw badState(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
      "payment_intent_unexpected_state",
      payment.status === "requires_payment_method" && payment.latest_charge === null
        ? {}
        : { payment_intent: payment },
    );
  }
  const anyMethod =
    payment.automatic_payment_methods?.allow_redirects === "always" &&
    payment.allowed_payment_method_types === null;
  if (anyMethod && returnUrl === undefined) {
    throw badState(
      "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    );
  }
  if (!anyMethod && !payment.payment_method_types.includes(method.type)) {
    throw badState(
      `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the following types: ${payment.payment_method_types.join(", ")}.`,
      "payment_intent_invalid_parameter",
      { param: "payment_method" },
    );
  }
}

function confirmNow(call: Call, payment: PaymentIntent, method: PaymentMethod, params: Common): void {
  const refused = confirmWith(call, payment, method, {
    return_url: params.return_url ?? null,
    off_session: params.off_session !== undefined && params.off_session !== false,
    error_on_requires_action: params.error_on_requires_action ?? false,
    session: null,
  });
  if (refused) throw refused;
}

const retrieveShape = z.strictObject({ client_secret: text().optional(), ...expandable });

export function retrievePaymentIntent(call: Call): object {
  const params = parseParams(retrieveShape, call.params);
  const payment = paymentOf(call, call.path("id"));
  if (params.client_secret !== undefined && params.client_secret !== payment.client_secret) {
    throw badParam(
      `The client_secret provided does not match the client_secret associated with the PaymentIntent.`,
      "client_secret",
      "payment_intent_invalid_parameter",
    );
  }
  return payment;
}

const updateShape = z.strictObject({
  ...commonFields,
  amount: amount().optional(),
  currency: text().optional(),
  capture_method: captureMethod.optional(),
  payment_method_configuration: text().optional(),
});
const OPEN = ["requires_payment_method", "requires_confirmation", "requires_action"];

export function updatePaymentIntent(call: Call): object {
  const params = parseParams(updateShape, call.params);
  const payment = paymentOf(call, call.path("id"));
  for (const name of [
    "amount",
    "currency",
    "capture_method",
    "payment_method",
    "payment_method_data",
  ] as const) {
    if (params[name] !== undefined && !OPEN.includes(payment.status)) {
      throw unexpected(
        payment,
        `This PaymentIntent's ${name} could not be updated because it has a status of ${payment.status}. You may only update the ${name} of a PaymentIntent with one of the following statuses: ${OPEN.join(", ")}.`,
      );
    }
  }
  const currency = params.currency === undefined ? payment.currency : knownCurrency(params.currency);
  checkAmount(params.amount ?? payment.amount, currency);
  const method = givenMethod(call, params);
  change(call, payment, params);
  payment.currency = currency;
  if (params.amount !== undefined) payment.amount = params.amount;
  if (params.capture_method !== undefined) payment.capture_method = params.capture_method;
  if (method) {
    payment.payment_method = method.id;
    payment.status = "requires_confirmation";
    payment.next_action = null;
  }
  call.account.of.payment_intents.put(payment);
  return payment;
}

const confirmShape = z.strictObject({
  ...confirmFields,
  capture_method: captureMethod.optional(),
  confirmation_token: text().optional(),
});

/** POST /v1/payment_intents/:id/confirm, https://docs.stripe.com/api/payment_intents/confirm. */
export function confirmPaymentIntent(call: Call): object {
  const params = parseParams(confirmShape, call.params);
  const payment = paymentOf(call, call.path("id"));
  if (payment.status === "succeeded") {
    throw unexpected(
      payment,
      "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
    );
  }
  if (!OPEN.includes(payment.status)) {
    throw unexpected(
      payment,
      `You cannot confirm this PaymentIntent because it has a status of ${payment.status}. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.`,
    );
  }
  const given = givenMethod(call, params);
  const method = given ?? call.account.of.payment_methods.get(payment.payment_method);
  checkConfirmable(payment, method, params.return_url);
  change(call, payment, params);
  if (params.capture_method !== undefined) payment.capture_method = params.capture_method;
  if (method && !(payment.status === "requires_action" && !given)) confirmNow(call, payment, method, params);
  return payment;
}

const listShape = z.strictObject({
  ...paging,
  ...expandable,
  created: created.optional(),
  customer: text().optional(),
});

export function listPaymentIntents(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.payment_intents, params, "/v1/payment_intents", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.customer === undefined || each.customer === params.customer),
  });
}
