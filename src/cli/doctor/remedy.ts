import { API_VERSION } from "../../payments/stripe/preflight.ts";
import { SUBSCRIPTION } from "../../payments/stripe/subscription.ts";

// Lines for a shell that make what is missing. The doctor itself only reads; the key is named, never shown.

const line = (apiBase: string, path: string, fields: [name: string, value: string][]) =>
  [
    `curl ${new URL(`/v1/webhook_endpoints${path}`, apiBase).href} -u "$STRIPE_API_KEY:"`,
    ...fields.map(([name, value]) => `-d '${name}=${value}'`),
  ].join(" ");

const events = (types: readonly string[]) =>
  types.map((type): [string, string] => ["enabled_events[]", type]);

const needed = SUBSCRIPTION.map(({ type }) => type);

/** Creates an endpoint with all that it needs; its answer is the only one that shows the secret. */
export const createLine = (apiBase: string, url: string) =>
  line(apiBase, "", [["url", url], ["api_version", API_VERSION], ...events(needed)]);

export const enableLine = (apiBase: string, id: string) => line(apiBase, `/${id}`, [["disabled", "false"]]);

/** Adds what is missing to what the endpoint is sent now. */
export const subscribeLine = (apiBase: string, id: string, enabled: readonly string[]) =>
  line(apiBase, `/${id}`, events([...new Set([...enabled, ...needed])]));
