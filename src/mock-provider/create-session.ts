import { z } from "zod";
import type { Call } from "./call.ts";
import { checkAmount, knownCurrency } from "./currencies.ts";
import { customerOf } from "./customers.ts";
import { badParam, missingParam } from "./errors.ts";
import { emit } from "./events.ts";
import { lineItem, lineItemOf } from "./line-items.ts";
import { shippingOf } from "./new-payment.ts";
import { newSession } from "./new-session.ts";
import type { LineItem, Session, SessionPlan } from "./objects.ts";
import {
  boolean,
  email,
  integer,
  listOf,
  mergeMetadata,
  metadata,
  oneOf,
  parseParams,
  shipping,
  text,
  webAddress,
} from "./params.ts";
import { refuseElsewhere } from "./payment-params.ts";
import { discount, ship, takeOver } from "./session-terms.ts";
import { newSetup } from "./setup-intents.ts";

const paymentData = z.object({
  application_fee_amount: integer.optional(),
  capture_method: oneOf("automatic", "automatic_async", "manual").optional(),
  description: text().optional(),
  metadata: metadata.optional(),
  on_behalf_of: text().optional(),
  receipt_email: email.optional(),
  setup_future_usage: oneOf("off_session", "on_session").optional(),
  shipping: shipping.optional(),
  statement_descriptor: text(22).optional(),
  statement_descriptor_suffix: text(22).optional(),
  transfer_data: z.object({ destination: text().optional() }).optional(),
  transfer_group: text().optional(),
});
const createShape = z.object({
  mode: oneOf("payment", "setup", "subscription").optional(),
  line_items: listOf(lineItem).optional(),
  payment_intent_data: paymentData.optional(),
  setup_intent_data: z
    .object({
      description: text().optional(),
      metadata: metadata.optional(),
      on_behalf_of: text().optional(),
    })
    .optional(),
  success_url: webAddress.optional(),
  cancel_url: webAddress.optional(),
  return_url: webAddress.optional(),
  ui_mode: oneOf("hosted_page", "embedded_page", "elements", "form").optional(),
  client_reference_id: text(200).optional(),
  currency: text().optional(),
  customer: text().optional(),
  customer_account: text().optional(),
  customer_creation: oneOf("always", "if_required").optional(),
  customer_email: email.optional(),
  expires_at: integer.optional(),
  metadata: metadata.optional(),
  allowed_payment_method_types: listOf(text()).optional(),
  payment_method_types: listOf(text()).optional(),
  allow_promotion_codes: boolean.optional(),
  billing_address_collection: oneOf("auto", "required").optional(),
});
type Params = z.output<typeof createShape>;

/** POST /v1/checkout/sessions, https://docs.stripe.com/api/checkout/sessions/create; modes `payment` and `setup`. */
export function createSession(call: Call): object {
  const params = parseParams(createShape, call.params);
  const mode = params.mode ?? "payment";
  checkMode(params, mode);
  checkReturn(params);
  const data = params.payment_intent_data ?? {};
  refuseElsewhere(data, "payment_intent_data");
  const items = (params.line_items ?? []).map((each, index) =>
    lineItemOf(call, each, `line_items[${index}]`),
  );
  const currency = items[0]?.currency ?? (params.currency ? knownCurrency(params.currency) : null);
  if (items.some((each) => each.currency !== currency)) {
    throw badParam("All prices of a Checkout Session must have the same currency.", "line_items");
  }
  const customer = params.customer === undefined ? null : customerOf(call, params.customer, "customer");
  const session = newSession(call, {
    mode,
    amount: mode === "setup" ? null : items.reduce((sum, each) => sum + each.amount_total, 0),
    currency,
    expires: expiryOf(call, params.expires_at),
    embedded: params.ui_mode !== undefined && params.ui_mode !== "hosted_page",
    customer: customer?.id ?? null,
    email: params.customer_email ?? null,
    metadata: mergeMetadata({}, params.metadata),
  });
  if (params.ui_mode !== undefined) session.ui_mode = params.ui_mode;
  session.success_url = params.success_url ?? null;
  session.cancel_url = params.cancel_url ?? null;
  if (params.return_url !== undefined) session.return_url = params.return_url;
  session.client_reference_id = params.client_reference_id ?? null;
  session.customer_account = params.customer_account ?? null;
  session.customer_creation =
    params.customer_creation ?? (customer || mode === "setup" ? null : "if_required");
  session.allowed_payment_method_types = params.allowed_payment_method_types ?? null;
  session.payment_method_types = params.allowed_payment_method_types ??
    params.payment_method_types ?? ["card"];
  session.allow_promotion_codes = params.allow_promotion_codes ?? null;
  session.billing_address_collection = params.billing_address_collection ?? null;
  takeOver(call, session);
  if (mode === "payment") {
    discount(call, session, items);
    ship(call, session);
    checkAmount(session.amount_total ?? 0, currency ?? "usd", "line_items");
  } else begin(call, session, params);
  call.account.of.sessions.put(session);
  call.account.of.session_plans.put(planOf(session, items, data));
  call.world.clock.schedule({
    at: session.expires_at * 1000,
    account: call.account.name,
    task: "expire_session",
    object: session.id,
  });
  return session;
}

function checkMode(params: Params, mode: string): void {
  if (mode === "subscription") {
    throw badParam(
      "This account cannot create Checkout Sessions in `subscription` mode: the test provider has no subscriptions. Use `payment` or `setup` mode.",
      "mode",
    );
  }
  if (mode === "payment" && (params.line_items ?? []).length === 0) throw missingParam("line_items");
  if (mode === "setup") {
    if (params.line_items) throw badParam("You can not pass `line_items` in `setup` mode.", "line_items");
    if (params.payment_intent_data)
      throw badParam("You can not pass `payment_intent_data` in `setup` mode.", "payment_intent_data");
    if (!params.currency && !params.payment_method_types && !params.allowed_payment_method_types)
      throw missingParam("currency");
  } else if (params.setup_intent_data) {
    throw badParam("You can only pass `setup_intent_data` in `setup` mode.", "setup_intent_data");
  }
  for (const other of ["customer_email", "customer_creation"] as const) {
    if (params.customer !== undefined && params[other]) {
      throw badParam(
        `You may only specify one of these parameters: customer, ${other}.`,
        other,
        "parameters_exclusive",
      );
    }
  }
  if ((params.line_items ?? []).length > 100)
    throw badParam("You can pass at most 100 line items.", "line_items");
}

/** The hosted page goes to `success_url`, the embedded ones to `return_url`. */
function checkReturn({ ui_mode, success_url, return_url, cancel_url }: Params): void {
  if (ui_mode === undefined || ui_mode === "hosted_page") {
    if (success_url === undefined) throw missingParam("success_url");
    if (return_url !== undefined)
      throw badParam("`return_url` can only be used with an embedded `ui_mode`.", "return_url");
    return;
  }
  if (success_url !== undefined)
    throw badParam(`\`success_url\` can not be used with \`ui_mode: ${ui_mode}\`.`, "success_url");
  if (cancel_url !== undefined)
    throw badParam(`\`cancel_url\` can not be used with \`ui_mode: ${ui_mode}\`.`, "cancel_url");
}

function expiryOf(call: Call, given: number | undefined): number {
  const now = call.world.clock.now();
  const expires = given ?? now + 86_400;
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
  return expires;
}

/** In `setup` mode the setup is there from the start; in `payment` mode the payment comes with the submit. */
function begin(call: Call, session: Session, { setup_intent_data: data }: Params): void {
  const intent = newSetup(call, {
    customer: session.customer,
    description: data?.description ?? null,
    metadata: mergeMetadata({}, data?.metadata),
    payment_method_types: session.payment_method_types,
  });
  call.account.of.setup_intents.put(intent);
  emit(call, "setup_intent.created", intent);
  session.setup_intent = intent.id;
}

const planOf = (session: Session, items: LineItem[], data: z.output<typeof paymentData>): SessionPlan => ({
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
