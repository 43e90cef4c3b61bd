import type { Config } from "../config.ts";
import type { PaymentProvider } from "./provider.ts";
import { createStandardProvider } from "./standard/adapter.ts";
import { createStandardSource } from "./standard/source.ts";
import { createStripeProvider } from "./stripe/adapter.ts";
import { createStripeSource, livemodeOf } from "./stripe/source.ts";
import { sourcesByName, type WebhookSources } from "./webhook-source.ts";

/** Who is paid through, and whose webhooks are taken. */
export interface Payments {
  provider: PaymentProvider;
  sources: WebhookSources;
}

/** The provider that the configuration names. `bundledUrl`: where the bundled one listens; null when it does not run. */
export function choosePayments({ stripe, standard }: Config, bundledUrl: string | null): Payments {
  const { apiKey, account, webhookSecrets: secrets } = stripe;
  return {
    provider: standard.api
      ? createStandardProvider({ apiKey: standard.api.key, apiBase: standard.api.base })
      : createStripeProvider({ apiKey, apiBase: stripe.apiBase ?? bundledUrl ?? "" }),
    sources: sourcesByName(
      ...(secrets.length > 0 ? [createStripeSource({ secrets, account, livemode: livemodeOf(apiKey) })] : []),
      ...(standard.webhookSecrets.length > 0
        ? [createStandardSource({ secrets: standard.webhookSecrets })]
        : []),
    ),
  };
}
