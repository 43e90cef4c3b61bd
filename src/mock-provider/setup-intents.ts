import { z } from "zod";
import type { Call } from "./call.ts";
import { AUTHENTICATION_REQUIRED } from "./declines.ts";
import { customerOf } from "./customers.ts";
import { badState, noSuch, ProviderError } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { PaymentMethod, SetupIntent } from "./objects.ts";
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
} from "./params.ts";
import { cardOf, methodNamed } from "./payment-methods.ts";
import { randomId, randomText } from "./random-id.ts";

const fields = {
  customer: text().optional(),
  description: unsettable(1000).optional(),
  metadata: metadata.optional(),
  payment_method: text().optional(),
  allowed_payment_method_types: listOf(text()).optional(),
  payment_method_types: listOf(text()).optional(),
  payment_method_options: z.unknown().optional(),
  ...expandable,
};
const createShape = z.object({
  ...fields,
  automatic_payment_methods: z
    .strictObject({ enabled: boolean, allow_redirects: oneOf("always", "never").optional() })
    .optional(),
  confirm: boolean.optional(),
  mandate_data: z.unknown().optional(),
  return_url: text().optional(),
  usage: oneOf("off_session", "on_session").optional(),
});

/** POST /v1/setup_intents, as far as the CLI's triggers and saving a card need it. */
export function createSetupIntent(call: Call): object {
  const params = parseParams(createShape, call.params);
  const id = randomId("seti_1");
  const method =
    params.payment_method === undefined
      ? undefined
      : methodNamed(call, params.payment_method, "payment_method");
  const intent: SetupIntent = {
    id,
    object: "setup_intent",
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    application: null,
    automatic_payment_methods: params.payment_method_types
      ? null
      : { allow_redirects: params.automatic_payment_methods?.allow_redirects ?? "always", enabled: true },
    cancellation_reason: null,
    client_secret: `${id}_secret_${randomText(25)}`,
    created: call.world.clock.now(),
    customer: params.customer === undefined ? null : customerOf(call, params.customer, "customer").id,
    customer_account: null,
    description: params.description ?? null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    managed_payments: null,
    mandate: null,
    metadata: mergeMetadata({}, params.metadata),
    next_action: null,
    on_behalf_of: null,
    payment_method: method?.id ?? null,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: params.allowed_payment_method_types ?? params.payment_method_types ?? ["card"],
    single_use_mandate: null,
    status: method ? "requires_confirmation" : "requires_payment_method",
    usage: params.usage ?? "off_session",
  };
  call.account.of.setup_intents.put(intent);
  emit(call, "setup_intent.created", intent);
  if (params.confirm) confirm(call, intent, method, params.return_url ?? null);
  return intent;
}

function confirm(
  call: Call,
  intent: SetupIntent,
  method: PaymentMethod | undefined,
  returnUrl: string | null,
): void {
  if (!method) {
    throw badState(
      "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.",
      "setup_intent_unexpected_state",
    );
  }
  const card = cardOf(call, method.id);
  intent.payment_method = method.id;
  if (card?.authenticate) {
    const url = `${call.world.url()}/3d-secure/${intent.id}`;
    intent.status = "requires_action";
    intent.next_action =
      returnUrl === null
        ? {
            type: "use_stripe_sdk",
            use_stripe_sdk: { type: "three_d_secure_redirect", stripe_js: url, source: randomId("src_1") },
          }
        : { type: "redirect_to_url", redirect_to_url: { return_url: returnUrl, url } };
    call.account.of.setup_intents.put(intent);
    emit(call, "setup_intent.requires_action", intent);
    return;
  }
  const decline = card?.decline;
  if (decline && !card.names.includes("chargeCustomerFail")) {
    const body = {
      type: "card_error" as const,
      code: decline.code,
      message: decline.message,
      decline_code: decline.decline_code ?? AUTHENTICATION_REQUIRED.code,
    };
    intent.status = "requires_payment_method";
    intent.payment_method = null;
    intent.last_setup_error = { ...body, payment_method: method };
    call.account.of.setup_intents.put(intent);
    emit(call, "setup_intent.setup_failed", intent);
    throw new ProviderError(402, { ...body, setup_intent: structuredClone(intent), payment_method: method });
  }
  intent.status = "succeeded";
  if (intent.customer !== null) {
    method.customer = intent.customer;
    call.account.of.payment_methods.put(method);
    emit(call, "payment_method.attached", method);
  }
  call.account.of.setup_intents.put(intent);
  emit(call, "setup_intent.succeeded", intent);
}

function known(call: Call): SetupIntent {
  const id = call.path("id");
  const found = call.account.of.setup_intents.get(id);
  if (!found) throw noSuch("setupintent", id, "intent");
  return found;
}

export function retrieveSetupIntent(call: Call): object {
  parseParams(z.object({ client_secret: text().optional(), ...expandable }), call.params);
  return known(call);
}

export function updateSetupIntent(call: Call): object {
  const params = parseParams(z.object(fields), call.params);
  const intent = known(call);
  if (params.description !== undefined) intent.description = params.description;
  if (params.payment_method !== undefined) {
    intent.payment_method = methodNamed(call, params.payment_method, "payment_method").id;
    intent.status = "requires_confirmation";
  }
  intent.metadata = mergeMetadata(intent.metadata ?? {}, params.metadata);
  return call.account.of.setup_intents.put(intent);
}

export function confirmSetupIntent(call: Call): object {
  const params = parseParams(
    z.object({
      payment_method: text().optional(),
      return_url: text().optional(),
      mandate_data: z.unknown().optional(),
      client_secret: text().optional(),
      ...expandable,
    }),
    call.params,
  );
  const intent = known(call);
  if (intent.status === "succeeded" || intent.status === "canceled") {
    throw badState(
      `You cannot confirm this SetupIntent because it has a status of ${intent.status}.`,
      "setup_intent_unexpected_state",
      { setup_intent: intent },
    );
  }
  const method =
    params.payment_method === undefined
      ? call.account.of.payment_methods.get(intent.payment_method)
      : methodNamed(call, params.payment_method, "payment_method");
  confirm(call, intent, method, params.return_url ?? null);
  return intent;
}

export function cancelSetupIntent(call: Call): object {
  const params = parseParams(
    z.object({
      cancellation_reason: oneOf("abandoned", "duplicate", "requested_by_customer").optional(),
      ...expandable,
    }),
    call.params,
  );
  const intent = known(call);
  if (intent.status === "succeeded" || intent.status === "canceled") {
    throw badState(
      `You cannot cancel this SetupIntent because it has a status of ${intent.status}. Only a SetupIntent with one of the following statuses may be canceled: requires_payment_method, requires_confirmation, requires_action.`,
      "setup_intent_unexpected_state",
      { setup_intent: intent },
    );
  }
  intent.status = "canceled";
  intent.cancellation_reason = params.cancellation_reason ?? null;
  intent.next_action = null;
  call.account.of.setup_intents.put(intent);
  emit(call, "setup_intent.canceled", intent);
  return intent;
}

export function listSetupIntents(call: Call): object {
  const params = parseParams(
    z.object({
      ...paging,
      ...expandable,
      created: created.optional(),
      customer: text().optional(),
      payment_method: text().optional(),
    }),
    call.params,
  );
  return listed(call, call.account.of.setup_intents, params, "/v1/setup_intents", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.customer === undefined || each.customer === params.customer),
  });
}
