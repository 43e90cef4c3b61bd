import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { customerOf } from "./customers.ts";
import { badParam, badState, missingParam, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { PaymentMethod, SetupIntent } from "./objects.ts";
import { typed } from "./parameters.ts";
import {
  boolean,
  created,
  listOf,
  mergeMetadata,
  metadata,
  oneOf,
  paging,
  parseParams,
  text,
  unsettable,
  webAddress,
} from "./params.ts";
import { makeMethod, methodData, methodNamed } from "./payment-methods.ts";
import { publicView } from "./public-view.ts";
import { randomId, randomText } from "./random-id.ts";
import { confirmSetup, unexpectedSetup } from "./setup-confirmation.ts";

const methodFields = {
  payment_method: text().optional(),
  payment_method_data: z.strictObject(methodData).optional(),
};
const fields = {
  ...methodFields,
  allowed_payment_method_types: listOf(text()).optional(),
  attach_to_self: boolean.optional(),
  customer: text().optional(),
  customer_account: text().optional(),
  description: unsettable(1000).optional(),
  excluded_payment_method_types: listOf(text()).optional(),
  flow_directions: listOf(oneOf("inbound", "outbound")).optional(),
  metadata: metadata.optional(),
  payment_method_types: listOf(text()).optional(),
};
type Fields = Partial<z.output<z.ZodObject<typeof fields>>>;
const createShape = z.object({
  ...fields,
  automatic_payment_methods: z
    .object({ enabled: boolean, allow_redirects: oneOf("always", "never").optional() })
    .optional(),
  confirm: boolean.optional(),
  on_behalf_of: text().optional(),
  return_url: webAddress.optional(),
  usage: oneOf("off_session", "on_session").optional(),
});

/** A setup that waits for a method, with everything else at Stripe's defaults. */
export function newSetup(actor: Actor, given: Partial<SetupIntent> = {}): SetupIntent {
  const id = randomId("seti_1");
  return {
    id,
    object: "setup_intent",
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${randomText(25)}`,
    created: actor.world.clock.now(),
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    managed_payments: null,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { mandate_options: null, network: null, request_three_d_secure: "automatic" },
    },
    payment_method_types: ["card"],
    single_use_mandate: null,
    status: "requires_payment_method",
    usage: "off_session",
    ...given,
  };
}

/** POST /v1/setup_intents, https://docs.stripe.com/api/setup_intents/create. */
export function createSetupIntent(call: Call): object {
  const params = parseParams(createShape, call.params);
  if (params.on_behalf_of !== undefined) throw noSuch("account", params.on_behalf_of, "on_behalf_of", 400);
  if (params.return_url !== undefined && !params.confirm) {
    throw badState(
      "You cannot provide `return_url` when creating a SetupIntent without `confirm` set to true.",
      undefined,
      { param: "return_url" },
    );
  }
  const automatic = params.automatic_payment_methods;
  const any = automatic?.enabled ?? params.payment_method_types === undefined;
  const intent = newSetup(call, {
    automatic_payment_methods: any
      ? { allow_redirects: automatic?.allow_redirects ?? "always", enabled: true }
      : null,
    usage: params.usage ?? "off_session",
  });
  const method = given(call, params);
  change(call, intent, params, "SetupIntentCreateParams");
  if (method) {
    intent.payment_method = method.id;
    intent.status = "requires_confirmation";
  }
  call.account.of.setup_intents.put(intent);
  emit(call, "setup_intent.created", intent);
  if (params.confirm) confirmSetup(call, intent, method, params.return_url ?? null);
  return intent;
}

function given(call: Call, params: Fields): PaymentMethod | undefined {
  if (params.payment_method !== undefined) return methodNamed(call, params.payment_method, "payment_method");
  return params.payment_method_data ? makeMethod(call, params.payment_method_data) : undefined;
}

function change(call: Call, intent: SetupIntent, params: Fields, line: string): void {
  if (params.customer !== undefined) intent.customer = customerOf(call, params.customer, "customer").id;
  if (params.customer_account !== undefined) intent.customer_account = params.customer_account;
  if (params.description !== undefined) intent.description = params.description;
  if (params.attach_to_self !== undefined) intent.attach_to_self = params.attach_to_self;
  if (params.flow_directions) intent.flow_directions = params.flow_directions;
  const types = params.allowed_payment_method_types ?? params.payment_method_types;
  if (types) intent.payment_method_types = types;
  if (params.allowed_payment_method_types)
    intent.allowed_payment_method_types = params.allowed_payment_method_types;
  if (params.excluded_payment_method_types)
    intent.excluded_payment_method_types = params.excluded_payment_method_types;
  const options = typed(line, call.params, "payment_method_options");
  if (options) intent.payment_method_options = { ...intent.payment_method_options, ...options };
  intent.metadata = mergeMetadata(intent.metadata ?? {}, params.metadata);
}

function known(call: Call, secret?: string): SetupIntent {
  if (call.publishable && secret === undefined) throw missingParam("client_secret");
  const id = call.path("id");
  const found = call.account.of.setup_intents.get(id);
  if (!found) throw noSuch("setupintent", id, "intent");
  if (secret === undefined || secret === found.client_secret) return found;
  throw badParam(
    "The client_secret provided does not match the client_secret associated with the SetupIntent.",
    "client_secret",
    "setup_intent_invalid_parameter",
  );
}

export function retrieveSetupIntent(call: Call): object {
  const params = parseParams(z.object({ client_secret: text().optional() }), call.params);
  const intent = known(call, params.client_secret);
  return call.publishable ? publicView(intent) : intent;
}

const OPEN = ["requires_payment_method", "requires_confirmation", "requires_action"];

export function updateSetupIntent(call: Call): object {
  const params = parseParams(z.object(fields), call.params);
  const intent = known(call);
  for (const name of ["payment_method", "payment_method_data", "customer"] as const) {
    if (params[name] !== undefined && !OPEN.includes(intent.status)) {
      throw unexpectedSetup(
        intent,
        `This SetupIntent's ${name} could not be updated because it has a status of ${intent.status}. You may only update the ${name} of a SetupIntent with one of the following statuses: ${OPEN.join(", ")}.`,
      );
    }
  }
  const method = given(call, params);
  change(call, intent, params, "SetupIntentUpdateParams");
  if (method) {
    intent.payment_method = method.id;
    intent.status = "requires_confirmation";
    intent.next_action = null;
  }
  return call.account.of.setup_intents.put(intent);
}

const confirmShape = z.object({
  ...methodFields,
  return_url: webAddress.optional(),
  client_secret: text().optional(),
});

export function confirmSetupIntent(call: Call): object {
  const params = parseParams(confirmShape, call.params);
  const intent = known(call, params.client_secret);
  if (!OPEN.includes(intent.status)) {
    throw unexpectedSetup(
      intent,
      intent.status === "succeeded"
        ? "You cannot confirm this SetupIntent because it has already succeeded."
        : `You cannot confirm this SetupIntent because it has a status of ${intent.status}. Only a SetupIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.`,
    );
  }
  const method = given(call, params) ?? call.account.of.payment_methods.get(intent.payment_method);
  confirmSetup(call, intent, method, params.return_url ?? null);
  return call.publishable ? publicView(intent) : intent;
}

const cancelShape = z.object({
  cancellation_reason: oneOf("abandoned", "duplicate", "requested_by_customer").optional(),
});

export function cancelSetupIntent(call: Call): object {
  const params = parseParams(cancelShape, call.params);
  const intent = known(call);
  if (!OPEN.includes(intent.status)) {
    throw unexpectedSetup(
      intent,
      `You cannot cancel this SetupIntent because it has a status of ${intent.status}. Only a SetupIntent with one of the following statuses may be canceled: ${OPEN.join(", ")}.`,
    );
  }
  intent.status = "canceled";
  intent.cancellation_reason = params.cancellation_reason ?? null;
  intent.next_action = null;
  call.account.of.setup_intents.put(intent);
  emit(call, "setup_intent.canceled", intent);
  return intent;
}

const listShape = z.object({
  ...paging,
  created: created.optional(),
  customer: text().optional(),
  customer_account: text().optional(),
  payment_method: text().optional(),
});

export function listSetupIntents(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.setup_intents, params, "/v1/setup_intents", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.customer === undefined || each.customer === params.customer) &&
      (params.customer_account === undefined || each.customer_account === params.customer_account) &&
      (params.payment_method === undefined || each.payment_method === params.payment_method),
  });
}
