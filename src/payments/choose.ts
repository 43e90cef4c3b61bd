import type { Config } from "../config.ts";
import type { PaymentProvider } from "./provider.ts";
import { createStripeProvider } from "./stripe/adapter.ts";
import { createStripeSource, livemodeOf } from "./stripe/source.ts";
import { sourcesByName, type WebhookSources } from "./webhook-source.ts";

/** Who is paid through, and whose webhooks are taken. */
export interface Payments {
  provider: PaymentProvider;
  sources: WebhookSources;
}

/** The provider that the configuration names. `bundledUrl`: where the bundled one listens; null when it does not run. */
export function choosePayments({ stripe }: Config, bundledUrl: string | null): Payments {
  const { apiKey, account, webhookSecrets: secrets } = stripe;
  return {
    provider: createStripeProvider({ apiKey, apiBase: stripe.apiBase ?? bundledUrl ?? "" }),
    sources: sourcesByName(createStripeSource({ secrets, account, livemode: livemodeOf(apiKey) })),
  };
}
