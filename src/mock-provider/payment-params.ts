import { z } from "zod";
import type { Call } from "./call.ts";
import { customerOf } from "./customers.ts";
import { badParam, noSuch } from "./errors.ts";
import { shippingOf } from "./new-payment.ts";
import type { PaymentIntent } from "./objects.ts";
import { typed } from "./parameters.ts";
import {
  amount,
  boolean,
  email,
  integer,
  listOf,
  mergeMetadata,
  metadata,
  oneOf,
  shipping,
  text,
  unsettable,
  webAddress,
} from "./params.ts";
import { methodData } from "./payment-methods.ts";

const anything = z.unknown().optional();
const confirmFields = {
  allowed_payment_method_types: listOf(text()).optional(),
  confirmation_token: text().optional(),
  excluded_payment_method_types: listOf(text()).optional(),
  error_on_requires_action: boolean.optional(),
  mandate: text().optional(),
  mandate_data: anything,
  off_session: z.union([boolean, oneOf("one_off", "recurring")]).optional(),
  payment_method: text().optional(),
  payment_method_data: z.strictObject(methodData).optional(),
  payment_method_types: listOf(text()).optional(),
  receipt_email: email.optional(),
  return_url: webAddress.optional(),
  setup_future_usage: z.union([z.literal(""), oneOf("off_session", "on_session")]).optional(),
  shipping: z.union([z.literal(""), shipping]).optional(),
  client_secret: text().optional(),
};
const captureMethod = oneOf("automatic", "automatic_async", "manual");
const commonFields = {
  ...confirmFields,
  application_fee_amount: integer.optional(),
  capture_method: captureMethod.optional(),
  customer: text().optional(),
  customer_account: text().optional(),
  description: unsettable(1000).optional(),
  metadata: metadata.optional(),
  statement_descriptor: unsettable(22).optional(),
  statement_descriptor_suffix: unsettable(22).optional(),
  transfer_data: z.object({ destination: text().optional() }).optional(),
  transfer_group: unsettable().optional(),
  payment_method_configuration: text().optional(),
};

export const createShape = z.object({
  ...commonFields,
  amount: amount(),
  currency: text(),
  automatic_payment_methods: z
    .object({ enabled: boolean, allow_redirects: oneOf("always", "never").optional() })
    .optional(),
  confirm: boolean.optional(),
  confirmation_method: oneOf("automatic", "manual").optional(),
  on_behalf_of: text().optional(),
});
export const updateShape = z.object({
  ...commonFields,
  amount: amount().optional(),
  currency: text().optional(),
});
export const confirmShape = z.object({ ...confirmFields, capture_method: captureMethod.optional() });

/** What create, update and confirm have in common. */
export type PaymentParams = Partial<z.output<z.ZodObject<typeof commonFields>>>;

/** Takes over what was given; `line` is the endpoint's line in `parameters.txt`. */
export function change(call: Call, payment: PaymentIntent, params: PaymentParams, line: string): void {
  if (params.customer !== undefined) payment.customer = customerOf(call, params.customer, "customer").id;
  if (params.customer_account !== undefined) payment.customer_account = params.customer_account;
  if (params.description !== undefined) payment.description = params.description;
  if (params.receipt_email !== undefined) payment.receipt_email = params.receipt_email;
  if (params.statement_descriptor !== undefined) payment.statement_descriptor = params.statement_descriptor;
  if (params.statement_descriptor_suffix !== undefined)
    payment.statement_descriptor_suffix = params.statement_descriptor_suffix;
  if (params.transfer_group !== undefined) payment.transfer_group = params.transfer_group;
  if (params.capture_method !== undefined) payment.capture_method = params.capture_method;
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
  if (params.payment_method_configuration !== undefined) {
    payment.payment_method_configuration_details = { id: params.payment_method_configuration, parent: null };
  }
  echo(call, payment, line);
  payment.metadata = mergeMetadata(payment.metadata, params.metadata);
}

/** Options and details come back as they were given, over what is there already. */
function echo(call: Call, payment: PaymentIntent, line: string): void {
  const options = z
    .record(z.string(), z.unknown())
    .safeParse(typed(line, call.params, "payment_method_options"));
  for (const [type, given] of Object.entries(options.data ?? {})) {
    const now: Record<string, unknown> = { ...payment.payment_method_options };
    payment.payment_method_options = { ...now, [type]: merged(now[type], given) };
  }
  const details = typed(line, call.params, "amount_details");
  if (details !== undefined) {
    const { line_items: _lines, ...shown } = merged(undefined, details);
    payment.amount_details = { tip: {}, ...shown };
  }
  const about = typed(line, call.params, "payment_details");
  if (about !== undefined) {
    payment.payment_details = {
      customer_reference: null,
      order_reference: null,
      ...merged(payment.payment_details, about),
    };
  }
}

const merged = (now: unknown, given: unknown): Record<string, unknown> => ({
  ...(typeof now === "object" ? now : {}),
  ...(typeof given === "object" ? given : {}),
});

type Elsewhere = Pick<
  PaymentParams,
  "application_fee_amount" | "confirmation_token" | "mandate" | "transfer_data"
> & { on_behalf_of?: string | undefined };

/** What needs things that this provider's accounts do not have: connected accounts and confirmation tokens. */
export function refuseElsewhere(params: Elsewhere, inside = ""): void {
  const at = (name: string) =>
    inside === "" ? name : `${inside}[${name.replace("[", "][")}${name.includes("[") ? "" : "]"}`;
  const destination = params.transfer_data?.destination;
  if (destination !== undefined)
    throw noSuch("destination", destination, at("transfer_data[destination]"), 400);
  if (params.on_behalf_of !== undefined)
    throw noSuch("account", params.on_behalf_of, at("on_behalf_of"), 400);
  if (params.application_fee_amount !== undefined) {
    throw badParam(
      "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an OAuth key or Stripe-Account header) or destination payment (using `transfer_data[destination]`).",
      at("application_fee_amount"),
      "parameter_missing",
    );
  }
  if (params.confirmation_token !== undefined)
    throw noSuch("confirmation_token", params.confirmation_token, "confirmation_token", 400);
  if (params.mandate !== undefined) throw noSuch("mandate", params.mandate, "mandate", 400);
}
