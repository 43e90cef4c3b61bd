import { createHmac } from "node:crypto";

/**
 * The `Stripe-Signature` header, https://docs.stripe.com/webhooks#verify-manually: HMAC-SHA256 over `t.body`, keyed with
 * the whole `whsec_…` text. `at` is in Unix seconds.
 */
export function signatureHeader(secret: string, body: string, at: number): string {
  const mac = createHmac("sha256", secret).update(`${at}.`).update(body, "utf8").digest("hex");
  return `t=${at},v1=${mac}`;
}
