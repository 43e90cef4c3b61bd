import type { z } from "zod";
import type { Actor } from "./call.ts";
import { badState, noSuch } from "./errors.ts";
import type { PaymentIntent } from "./objects.ts";
import type { shipping } from "./params.ts";
import { randomId, randomText } from "./random-id.ts";

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

/** The error of a call that the payment's state does not allow. */
export const unexpected = (payment: PaymentIntent, message: string) =>
  badState(message, "payment_intent_unexpected_state", { payment_intent: structuredClone(payment) });
