import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { captureCharge, voidCharge, afterwards } from "./charges.ts";
import { confirmWith, succeed } from "./confirmation.ts";
import { checkAmount, knownCurrency } from "./currencies.ts";
import { customerOf } from "./customers.ts";
import { badParam, badState, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
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
import { followPayment } from "./session-progress.ts";
import { cardOf, makeMethod, methodData, methodNamed } from "./payment-methods.ts";
import { randomId, randomText } from "./random-id.ts";

const confirmFields = {
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
  excluded_payment_method_types: listOf(text()).optional(),
  on_behalf_of: text().optional(),
  payment_method_configuration: text().optional(),
});

type NewPayment = Pick<PaymentIntent, "amount" | "currency" | "metadata"> & Partial<PaymentIntent>;

/** A payment that waits for a method, with everything else at Stripe's defaults. */
export function newPayment(actor: Actor, given: NewPayment): PaymentIntent {
  const id = randomId("pi_3");
  return {
    id,
    object: "payment_intent",
    allowed_payment_method_types: null,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "automatic_async",
    client_secret: `${id}_secret_${randomText(25)}`,
    confirmation_method: "automatic",
    created: actor.world.clock.now(),
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: "automatic" },
    },
    payment_method_types: ["card"],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "requires_payment_method",
    transfer_data: null,
    transfer_group: null,
    ...given,
  };
}

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
  if (params.payment_method_types) payment.payment_method_types = params.payment_method_types;
  if (params.shipping !== undefined)
    payment.shipping = params.shipping === "" ? null : shippingOf(params.shipping);
  payment.metadata = mergeMetadata(payment.metadata, params.metadata);
}

/** Shipping as an object shows it: what was not given is null. */
export function shippingOf(given: z.output<typeof shipping>): NonNullable<PaymentIntent["shipping"]> {
  const { address } = given;
  return {
    address: {
      city: address.city ?? null,
      country: address.country ?? null,
      line1: address.line1 ?? null,
      line2: address.line2 ?? null,
      postal_code: address.postal_code ?? null,
      state: address.state ?? null,
    },
    carrier: given.carrier ?? null,
    name: given.name,
    phone: given.phone ?? null,
    tracking_number: given.tracking_number ?? null,
  };
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
  if (payment.automatic_payment_methods?.allow_redirects === "always" && returnUrl === undefined) {
    throw badState(
      "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    );
  }
  if (!payment.automatic_payment_methods && !payment.payment_method_types.includes(method.type)) {
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

/** The payment that a path or parameter names. */
export function paymentOf(
  actor: Actor,
  id: string,
  param = "intent",
  status: 400 | 404 = 404,
): PaymentIntent {
  const found = actor.account.of.payment_intents.get(id);
  if (!found) throw noSuch("payment_intent", id, param, status);
  return found;
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

const unexpected = (payment: PaymentIntent, message: string) =>
  badState(message, "payment_intent_unexpected_state", { payment_intent: structuredClone(payment) });

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
  payment.currency = currency;
  if (params.amount !== undefined) payment.amount = params.amount;
  if (params.capture_method !== undefined) payment.capture_method = params.capture_method;
  change(call, payment, params);
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
  if (params.capture_method !== undefined) payment.capture_method = params.capture_method;
  change(call, payment, params);
  if (method && !(payment.status === "requires_action" && !given)) confirmNow(call, payment, method, params);
  return payment;
}

const captureShape = z.strictObject({
  amount_to_capture: amount().optional(),
  amount_details: z.unknown().optional(),
  application_fee_amount: integer.optional(),
  final_capture: boolean.optional(),
  hooks: z.unknown().optional(),
  metadata: metadata.optional(),
  payment_details: z.unknown().optional(),
  statement_descriptor: unsettable(22).optional(),
  statement_descriptor_suffix: unsettable(22).optional(),
  transfer_data: z.unknown().optional(),
  ...expandable,
});

/** POST /v1/payment_intents/:id/capture, https://docs.stripe.com/api/payment_intents/capture. */
export function capturePaymentIntent(call: Call): object {
  const params = parseParams(captureShape, call.params);
  const payment = paymentOf(call, call.path("id"));
  const charge = call.account.of.charges.get(payment.latest_charge);
  if (payment.status === "succeeded") {
    throw unexpected(
      payment,
      "This PaymentIntent could not be captured because it has already been captured.",
    );
  }
  if (payment.status !== "requires_capture" || !charge) {
    throw unexpected(
      payment,
      `This PaymentIntent could not be captured because it has a status of ${payment.status}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.`,
    );
  }
  const taken = params.amount_to_capture ?? payment.amount_capturable;
  if (taken > payment.amount_capturable) {
    throw badParam(
      "The payment could not be captured because the requested capture amount is greater than the amount you can capture for this charge.",
      "amount_to_capture",
      "amount_too_large",
    );
  }
  if (params.final_capture === false) {
    throw badParam(
      "This payment is not eligible for multicapture.",
      "final_capture",
      "payment_intent_invalid_parameter",
    );
  }
  payment.metadata = mergeMetadata(payment.metadata, params.metadata);
  captureCharge(call, charge, taken);
  succeed(call, payment, taken);
  followPayment(call, payment);
  afterwards(
    call,
    charge,
    payment.payment_method === null ? undefined : cardOf(call, payment.payment_method),
  );
  return payment;
}

const cancelShape = z.strictObject({
  cancellation_reason: oneOf("duplicate", "fraudulent", "requested_by_customer", "abandoned").optional(),
  ...expandable,
});
const CANCELABLE = [
  "requires_payment_method",
  "requires_capture",
  "requires_confirmation",
  "requires_action",
  "processing",
];

/** POST /v1/payment_intents/:id/cancel, https://docs.stripe.com/api/payment_intents/cancel. */
export function cancelPaymentIntent(call: Call): object {
  const params = parseParams(cancelShape, call.params);
  const payment = paymentOf(call, call.path("id"));
  if (!CANCELABLE.includes(payment.status) || payment.status === "processing") {
    throw unexpected(
      payment,
      `You cannot cancel this PaymentIntent because it has a status of ${payment.status}. Only a PaymentIntent with one of the following statuses may be canceled: ${CANCELABLE.join(", ")}.`,
    );
  }
  end(call, payment, params.cancellation_reason ?? null, "charge.refunded");
  return payment;
}

function end(
  actor: Actor,
  payment: PaymentIntent,
  reason: PaymentIntent["cancellation_reason"],
  how: "charge.refunded" | "charge.expired",
): void {
  const charge = actor.account.of.charges.get(payment.latest_charge);
  if (payment.status === "requires_capture" && charge) voidCharge(actor, charge, how);
  payment.status = "canceled";
  payment.canceled_at = actor.world.clock.now();
  payment.cancellation_reason = reason;
  payment.amount_capturable = 0;
  payment.next_action = null;
  actor.account.of.payment_intents.put(payment);
  emit(actor, "payment_intent.canceled", payment);
}

/** An authorization that nobody captured in time lapses. */
export function expireAuthorization(actor: Actor, id: string): void {
  const payment = actor.account.of.payment_intents.get(id);
  if (payment?.status === "requires_capture") end(actor, payment, "automatic", "charge.expired");
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
