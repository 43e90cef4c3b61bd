import type { PaymentIntent, SetupIntent } from "./objects.ts";

const PAYMENT = [
  "id",
  "object",
  "amount",
  "amount_details",
  "automatic_payment_methods",
  "canceled_at",
  "cancellation_reason",
  "capture_method",
  "client_secret",
  "confirmation_method",
  "created",
  "currency",
  "description",
  "excluded_payment_method_types",
  "last_payment_error",
  "livemode",
  "next_action",
  "payment_method",
  "payment_method_configuration_details",
  "payment_method_types",
  "processing",
  "receipt_email",
  "setup_future_usage",
  "shipping",
  "source",
  "status",
] as const;
const SETUP = [
  "id",
  "object",
  "automatic_payment_methods",
  "cancellation_reason",
  "client_secret",
  "created",
  "description",
  "excluded_payment_method_types",
  "last_setup_error",
  "livemode",
  "next_action",
  "payment_method",
  "payment_method_configuration_details",
  "payment_method_types",
  "status",
  "usage",
] as const;

/** What a publishable key gets to see: no customer, charge or metadata. https://docs.stripe.com/js/payment_intents */
export function publicView(intent: PaymentIntent | SetupIntent): object {
  const seen: readonly string[] = intent.object === "payment_intent" ? PAYMENT : SETUP;
  return Object.fromEntries(Object.entries(intent).filter(([name]) => seen.includes(name)));
}
