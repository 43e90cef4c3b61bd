import type { Call } from "./call.ts";
import type { Session } from "./objects.ts";
import { randomText } from "./random-id.ts";

interface Given {
  mode: "payment" | "setup" | "subscription";
  amount: number | null;
  currency: string | null;
  expires: number;
  /** Shown inside the shop's own page. */
  embedded: boolean;
  customer: string | null;
  email: string | null;
  metadata: Record<string, string>;
}

/** An open session with everything else at Stripe's defaults. */
export function newSession(call: Call, given: Given): Session {
  const id = `cs_test_a1${randomText(56)}`;
  const customer = call.account.of.customers.get(given.customer);
  const email = given.email ?? customer?.email ?? null;
  return {
    id,
    object: "checkout.session",
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    amount_subtotal: given.amount,
    amount_total: given.amount,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: null,
    client_reference_id: null,
    client_secret: given.embedded ? `${id}_secret_${randomText(40)}` : null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: call.world.clock.now(),
    currency: given.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: given.customer,
    customer_account: null,
    customer_creation: null,
    customer_details:
      email === null
        ? null
        : {
            address: null,
            business_name: null,
            email,
            individual_name: null,
            name: null,
            phone: null,
            tax_exempt: "none",
            tax_ids: null,
          },
    customer_email: given.email,
    discounts: [],
    expires_at: given.expires,
    integration_identifier: null,
    invoice: null,
    invoice_creation: {
      enabled: false,
      invoice_data: {
        account_tax_ids: null,
        custom_fields: null,
        description: null,
        footer: null,
        issuer: null,
        metadata: {},
        rendering_options: null,
      },
    },
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: given.metadata,
    mode: given.mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: "if_required",
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: "automatic" } },
    payment_method_types: ["card"],
    payment_status: given.mode === "setup" ? "no_payment_required" : "unpaid",
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: "open",
    submit_type: null,
    subscription: null,
    success_url: null,
    total_details: given.mode === "setup" ? null : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: "hosted_page",
    url: given.embedded ? null : `${call.world.url()}/c/pay/${id}`,
    wallet_options: null,
  };
}
