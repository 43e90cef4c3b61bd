import type { Actor } from "./call.ts";
import { NETWORK_CODE } from "./declines.ts";
import { badState, ProviderError, type ErrorBody } from "./errors.ts";
import { emit } from "./events.ts";
import type { PaymentMethod, SetupIntent } from "./objects.ts";
import { cardOf, keep } from "./payment-methods.ts";
import { randomId } from "./random-id.ts";
import { noteUse, refuseSpent } from "./spent-methods.ts";

/** The error of a call that the setup's state does not allow. */
export const unexpectedSetup = (intent: SetupIntent, message: string) =>
  badState(message, "setup_intent_unexpected_state", { setup_intent: structuredClone(intent) });

/**
 * Saves a method for later use, after its owner authenticated where the card asks for that. Throws what the issuer
 * refuses. https://docs.stripe.com/payments/setup-intents
 */
export function confirmSetup(
  actor: Actor,
  intent: SetupIntent,
  method: PaymentMethod | undefined,
  returnUrl: string | null,
): void {
  if (!method) {
    throw unexpectedSetup(
      intent,
      "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the SetupIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    );
  }
  refuseSpent(actor, method);
  const card = cardOf(actor, method.id);
  intent.payment_method = method.id;
  intent.last_setup_error = null;
  intent.next_action = null;
  if (card?.authenticate === "always" || card?.authenticate === "until_set_up") {
    challenge(actor, intent, returnUrl);
    return;
  }
  complete(actor, intent, method);
}

function challenge(actor: Actor, intent: SetupIntent, returnUrl: string | null): void {
  const url = `${actor.world.url()}/3d-secure/${intent.id}`;
  intent.status = "requires_action";
  intent.next_action =
    returnUrl === null
      ? {
          type: "use_stripe_sdk",
          use_stripe_sdk: { type: "three_d_secure_redirect", stripe_js: url, source: randomId("src_1") },
        }
      : { type: "redirect_to_url", redirect_to_url: { return_url: returnUrl, url } };
  actor.account.of.setup_intents.put(intent);
  emit(actor, "setup_intent.requires_action", intent);
}

/** The owner passed or failed the challenge; returns the error to show. */
export function authenticateSetup(actor: Actor, intent: SetupIntent, passed: boolean): ProviderError | null {
  const method = actor.account.of.payment_methods.get(intent.payment_method);
  if (intent.status !== "requires_action" || !method) return null;
  intent.next_action = null;
  try {
    if (!passed || cardOf(actor, method.id)?.challengeFails) {
      throw refused(actor, intent, method, 400, {
        type: "invalid_request_error",
        code: "setup_intent_authentication_failure",
        message: "The latest attempt to set up the payment method has failed because authentication failed.",
      });
    }
    complete(actor, intent, method);
    return null;
  } catch (error) {
    if (error instanceof ProviderError) return error;
    throw error;
  }
}

function complete(actor: Actor, intent: SetupIntent, method: PaymentMethod): void {
  const card = cardOf(actor, method.id);
  if (card?.decline && !card.attachable && !card.decline.blocked && !card.authenticate) {
    const { code, decline_code, message, advice } = card.decline;
    throw refused(actor, intent, method, 402, {
      type: "card_error",
      code,
      message,
      ...(decline_code === undefined ? {} : { decline_code }),
      ...(advice === undefined ? {} : { advice_code: advice }),
      network_decline_code: NETWORK_CODE,
    });
  }
  intent.status = "succeeded";
  noteUse(actor, method, true);
  if (intent.customer !== null && method.customer === null) {
    keep(actor, method, intent.customer);
    emit(actor, "payment_method.attached", method);
  }
  actor.account.of.setup_intents.put(intent);
  emit(actor, "setup_intent.succeeded", intent);
}

function refused(
  actor: Actor,
  intent: SetupIntent,
  method: PaymentMethod,
  status: number,
  body: ErrorBody,
): ProviderError {
  const error = new ProviderError(status, { ...body, payment_method: method });
  intent.status = "requires_payment_method";
  intent.payment_method = null;
  intent.last_setup_error = { ...body, payment_method: method };
  actor.account.of.setup_intents.put(intent);
  emit(actor, "setup_intent.setup_failed", intent);
  return new ProviderError(status, { ...error.body, setup_intent: structuredClone(intent) });
}
