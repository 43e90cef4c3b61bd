import type { WebhookSource } from "../webhook-source.ts";
import { readEvent, type Ours } from "./events.ts";
import { verifySignature } from "./signature.ts";

interface Options extends Partial<Ours> {
  /** Signing secrets of the endpoint; several while they are rotated. */
  secrets: readonly string[];
}

/** Stripe's webhooks, one event a request (https://docs.stripe.com/webhooks). */
export const createStripeSource = ({ secrets, livemode = null, account = null }: Options): WebhookSource => ({
  name: "stripe",
  keptHeaders: ["content-type", "user-agent", "stripe-signature", "stripe-account", "idempotency-key"],
  answer: { status: 204 },
  receive({ body, headers, now }) {
    const verdict = verifySignature(body, headers["stripe-signature"], secrets, now);
    return verdict.valid ? { valid: true, events: [body] } : verdict;
  },
  read: ({ body }) => readEvent(body, { livemode, account }),
});

/** Whether a key is a live one; null when it does not say (https://docs.stripe.com/keys). */
export const livemodeOf = (apiKey: string): boolean | null => {
  const [, mode] = /^(?:sk|rk)_(live|test)_/.exec(apiKey) ?? [];
  return mode === undefined ? null : mode === "live";
};
