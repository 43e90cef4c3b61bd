import Stripe from "stripe";

/** An account of its own at the mock provider, so that each contender hears its own events alone. */
export interface Account {
  key: string;
  /** Signs what is sent to the endpoint. */
  secret: string;
  /** Has every event sent there, as the service's own account has. */
  sendTo(url: string): Promise<void>;
}

/** The secret is the provider's to choose, so the endpoint is made first and moved to where the server listens. */
export async function openAccount(name: string, providerUrl: string): Promise<Account> {
  const { hostname, port } = new URL(providerUrl);
  const key = `sk_test_${name.replaceAll("-", "")}`;
  const stripe = new Stripe(key, { host: hostname, port, protocol: "http", telemetry: false });
  const made = await stripe.webhookEndpoints.create({ url: "http://127.0.0.1:9/", enabled_events: ["*"] });
  return {
    key,
    secret: made.secret ?? "",
    async sendTo(url) {
      await stripe.webhookEndpoints.update(made.id, { url });
    },
  };
}
