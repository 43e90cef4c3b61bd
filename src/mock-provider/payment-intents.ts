import { z } from "zod";
import type { Call } from "./call.ts";
import { confirmWith } from "./confirmation.ts";
import { checkAmount, knownCurrency } from "./currencies.ts";
import { badParam, badState, missingParam } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import { newPayment, paymentOf, unexpected } from "./new-payment.ts";
import type { PaymentIntent, PaymentMethod } from "./objects.ts";
import { created, paging, parseParams, text } from "./params.ts";
import { makeMethod, methodNamed } from "./payment-methods.ts";
import {
  change,
  confirmShape,
  createShape,
  refuseElsewhere,
  updateShape,
  type PaymentParams,
} from "./payment-params.ts";
import { publicView } from "./public-view.ts";
import { refuseSpent } from "./spent-methods.ts";

/** POST /v1/payment_intents, https://docs.stripe.com/api/payment_intents/create. */
export function createPaymentIntent(call: Call): object {
  const params = parseParams(createShape, call.params);
  const currency = knownCurrency(params.currency);
  checkAmount(params.amount, currency);
  refuseElsewhere(params);
  if (params.automatic_payment_methods?.enabled && params.payment_method_types) {
    throw badParam(
      "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
      "automatic_payment_methods",
    );
  }
  if (params.payment_method !== undefined && params.payment_method_data) throw bothMethods();
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
  change(call, payment, params, "PaymentIntentCreateParams");
  const method = givenMethod(call, params);
  if (params.confirm) checkConfirmable(call, payment, method, params.return_url);
  if (method) {
    payment.payment_method = method.id;
    payment.status = "requires_confirmation";
  }
  call.account.of.payment_intents.put(payment);
  emit(call, "payment_intent.created", payment);
  if (params.confirm && method) confirmNow(call, payment, method, params);
  return payment;
}

function givenMethod(call: Call, params: PaymentParams): PaymentMethod | undefined {
  if (params.payment_method !== undefined) return methodNamed(call, params.payment_method, "payment_method");
  return params.payment_method_data ? makeMethod(call, params.payment_method_data) : undefined;
}

function checkConfirmable(
  call: Call,
  payment: PaymentIntent,
  method: PaymentMethod | undefined,
  returnUrl: string | undefined,
): void {
  if (!method) {
    const how =
      payment.customer === null
        ? "You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken."
        : `To confirm the PaymentIntent with ${payment.customer}, specify a payment method attached to this customer along with the customer ID.`;
    throw unexpected(
      payment,
      `You cannot confirm this PaymentIntent because it's missing a payment method. ${how}`,
    );
  }
  const anyMethod =
    payment.automatic_payment_methods?.allow_redirects === "always" &&
    payment.allowed_payment_method_types === null;
  if (anyMethod && returnUrl === undefined) {
    throw badState(
      "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
      undefined,
      { payment_intent: structuredClone(payment) },
    );
  }
  if (!anyMethod && !payment.payment_method_types.includes(method.type)) {
    throw badState(
      `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the following types: ${payment.payment_method_types.join(", ")}.`,
      "payment_intent_invalid_parameter",
      { param: "payment_method" },
    );
  }
  refuseSpent(call, method);
  if (method.customer !== null && method.customer !== payment.customer) {
    throw badParam(
      payment.customer === null
        ? "The payment method you provided is attached to a customer so for security purposes you must provide the customer in the request."
        : `The payment method supplied (${method.id}) belongs to a different Customer.`,
      "payment_method",
    );
  }
}

const bothMethods = () =>
  badParam(
    "You may only specify one of these parameters: payment_method, payment_method_data.",
    "payment_method_data",
    "parameters_exclusive",
  );

function confirmNow(call: Call, payment: PaymentIntent, method: PaymentMethod, params: PaymentParams): void {
  const refused = confirmWith(call, payment, method, {
    return_url: params.return_url ?? null,
    off_session: params.off_session !== undefined && params.off_session !== false,
    error_on_requires_action: params.error_on_requires_action ?? false,
    session: null,
  });
  if (refused) throw refused;
}

const retrieveShape = z.object({ client_secret: text().optional() });

/** With a publishable key, the client's secret opens it, and the answer has only what a browser may see. */
export function retrievePaymentIntent(call: Call): object {
  const params = parseParams(retrieveShape, call.params);
  const payment = opened(call, params.client_secret);
  return call.publishable ? publicView(payment) : payment;
}

function opened(call: Call, secret: string | undefined): PaymentIntent {
  if (call.publishable && secret === undefined) throw missingParam("client_secret");
  const payment = paymentOf(call, call.path("id"));
  if (secret !== undefined && secret !== payment.client_secret) {
    throw badParam(
      "The client_secret provided does not match the client_secret associated with the PaymentIntent.",
      "client_secret",
      "payment_intent_invalid_parameter",
    );
  }
  return payment;
}

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
  refuseElsewhere(params);
  const method = givenMethod(call, params);
  change(call, payment, params, "PaymentIntentUpdateParams");
  payment.currency = currency;
  if (params.amount !== undefined) payment.amount = params.amount;
  if (method) {
    payment.payment_method = method.id;
    payment.status = "requires_confirmation";
    payment.next_action = null;
  }
  call.account.of.payment_intents.put(payment);
  return payment;
}

/** POST /v1/payment_intents/:id/confirm, https://docs.stripe.com/api/payment_intents/confirm. */
export function confirmPaymentIntent(call: Call): object {
  const params = parseParams(confirmShape, call.params);
  const payment = opened(call, params.client_secret);
  refuseElsewhere(params);
  if (params.payment_method !== undefined && params.payment_method_data) throw bothMethods();
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
  checkConfirmable(call, payment, method, params.return_url);
  change(call, payment, params, "PaymentIntentConfirmParams");
  if (method && !(payment.status === "requires_action" && !given)) confirmNow(call, payment, method, params);
  return call.publishable ? publicView(payment) : payment;
}

const listShape = z.object({
  ...paging,
  ...expandable,
  created: created.optional(),
  customer: text().optional(),
  customer_account: text().optional(),
});

export function listPaymentIntents(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.payment_intents, params, "/v1/payment_intents", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.customer === undefined || each.customer === params.customer) &&
      (params.customer_account === undefined || each.customer_account === params.customer_account),
  });
}
