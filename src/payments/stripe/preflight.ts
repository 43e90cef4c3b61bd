import Stripe from "stripe";

/** A webhook endpoint as far as a preflight looks at it. */
export interface EndpointFacts {
  id: string;
  url: string;
  enabled: boolean;
  enabled_events: string[];
  /** Null: its events come in the account's default version. */
  api_version: string | null;
  created_at: Date;
}

/** What the provider says to a key. `denied` names what a restricted key may not read. */
export type Preflight =
  | { outcome: "unreachable" | "nonsense" | "refused"; reason: string }
  | {
      outcome: "accepted";
      denied: { what: string; reason: string }[];
      /** Null when the key may not read them. */
      endpoints: EndpointFacts[] | null;
      /** The version in which the account's newest event was written; null when there is none. */
      event_version: string | null;
      /** How far our clock is ahead of the provider's, in milliseconds; null when it does not say the time. */
      ahead_ms: number | null;
    };

/** The version that our SDK speaks, and that events should be written in. */
export const API_VERSION: string = Stripe.API_VERSION;

const TIMEOUT_MS = 10_000;

/** Reads what the service depends on at the provider, and creates or changes nothing. */
export async function preflight({
  apiKey,
  apiBase,
}: {
  apiKey: string;
  apiBase: string;
}): Promise<Preflight> {
  const base = new URL(apiBase);
  const stripe = new Stripe(apiKey, {
    host: base.hostname,
    port: base.port || (base.protocol === "https:" ? "443" : "80"),
    protocol: base.protocol === "http:" ? "http" : "https",
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
  });
  const denied: { what: string; reason: string }[] = [];
  /** Null when the key may not. */
  const allowed = async <T>(what: string, read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripePermissionError)) throw error;
      denied.push({ what, reason: error.message });
      return null;
    }
  };
  try {
    const asked = Date.now();
    const payments = await allowed("payments", () =>
      stripe.paymentIntents.list({ limit: 1, expand: ["data.latest_charge.balance_transaction"] }),
    );
    const ahead_ms = payments ? aheadOf(payments.lastResponse.headers["date"], asked, Date.now()) : null;
    await allowed("checkout sessions", () => stripe.checkout.sessions.list({ limit: 1 }));
    await allowed("refunds", () => stripe.refunds.list({ limit: 1 }));
    await allowed("disputes", () => stripe.disputes.list({ limit: 1 }));
    const events = await allowed("events", () => stripe.events.list({ limit: 1 }));
    const endpoints = await allowed("webhook endpoints", () =>
      stripe.webhookEndpoints.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 }),
    );
    return {
      outcome: "accepted",
      denied,
      endpoints: endpoints?.map(factsOf) ?? null,
      event_version: events?.data[0]?.api_version ?? null,
      ahead_ms,
    };
  } catch (error) {
    if (error instanceof Stripe.errors.StripeAuthenticationError)
      return { outcome: "refused", reason: error.message };
    if (error instanceof Stripe.errors.StripeConnectionError)
      return { outcome: "unreachable", reason: causeOf(error) };
    if (error instanceof Error) return { outcome: "nonsense", reason: error.message };
    throw error;
  }
}

const factsOf = (endpoint: Stripe.WebhookEndpoint): EndpointFacts => ({
  id: endpoint.id,
  url: endpoint.url,
  enabled: endpoint.status === "enabled",
  enabled_events: endpoint.enabled_events,
  api_version: endpoint.api_version,
  created_at: new Date(endpoint.created * 1000),
});

/** The header has whole seconds, cut off; the answer was written between asking and having it. */
function aheadOf(date: unknown, asked: number, had: number): number | null {
  const theirs = typeof date === "string" ? Date.parse(date) : NaN;
  return Number.isNaN(theirs) ? null : Math.round((asked + had) / 2 - (theirs + 500));
}

/** The SDK says that the connection failed; what it wraps says how. */
function causeOf(error: InstanceType<typeof Stripe.errors.StripeConnectionError>): string {
  const { detail } = error;
  return detail instanceof Error && detail.message !== "" ? detail.message : error.message;
}
