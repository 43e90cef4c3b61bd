import type { Config } from "../../config.ts";
import { createPool } from "../../db/pool.ts";
import { readWebhookProof, type WebhookProof } from "../../db/webhook-proof.ts";
import { failed, messageOf, passed, type Check } from "./check.ts";

const no = (text: string) => failed("secret", `STRIPE_WEBHOOK_SECRETS: ${text}`);

/** Does the text look like a signing secret? */
export function checkSecretShape({ stripe: { webhookSecrets } }: Config): Check | null {
  for (const [index, secret] of webhookSecrets.entries()) {
    const which = webhookSecrets.length > 1 ? `number ${index + 1}` : "it";
    if (secret === "whsec_dev")
      return no(`${which} is the public development secret; set the endpoint's own`);
    if (!/^whsec_[\w+/=-]{16,}$/.test(secret))
      return no(`${which} is no signing secret: copy the endpoint's, which begins with whsec_`);
  }
  return null;
}

/**
 * Does it fit? The provider shows a secret only once, so what arrived has to tell: webhooks that verified, and samples of
 * those that did not. `since` is when the endpoint was made: what came before it proves nothing of its secret.
 */
export async function checkSecret(config: Config, since: Date | null): Promise<Check> {
  const misshapen = checkSecretShape(config);
  if (misshapen) return misshapen;
  if (config.databaseUrl === null)
    return passed("secret", "looks right; whether it fits is only known with DATABASE_URL set");
  const pool = createPool({ url: config.databaseUrl, max: 1, applicationName: "countersign-doctor" });
  try {
    return judge(await readWebhookProof(pool, "stripe", "stripe-signature"), since, new Date());
  } catch (error) {
    return passed("secret", `looks right; whether it fits is not known: DATABASE_URL: ${messageOf(error)}`);
  } finally {
    await pool.end();
  }
}

/** What the database knows, as a verdict. */
export function judge(proof: WebhookProof | null, since: Date | null, now: Date): Check {
  const recent = (at: Date) => since === null || at >= since;
  const failures = (proof?.failures ?? []).filter(({ received_at }) => recent(received_at));
  // Anybody can post rubbish; only what calls itself Stripe says something of the secret.
  const theirs = failures.filter(({ user_agent }) => user_agent?.startsWith("Stripe/"));
  const unmatched = theirs.filter(({ reason }) => reason.startsWith("no signature matches"));
  const [newest] = unmatched.length > 0 ? unmatched : theirs;
  const verified = proof?.verified_at && recent(proof.verified_at) ? proof.verified_at : null;
  if (newest)
    return no(
      `${theirs.length} of the provider's requests had no valid signature${verified ? ` since the last one that had, ${ago(verified, now)}` : ""}; ` +
        `the newest came ${ago(newest.received_at, now)}: ${newest.reason}. Copy the secret of this endpoint (Reveal, at https://dashboard.stripe.com/webhooks)`,
    );
  const others = failures.length > 0 ? `; ${failures.length} bad requests since are not from Stripe` : "";
  if (verified) return passed("secret", `a webhook verified ${ago(verified, now)}${others}`);
  return passed(
    "secret",
    `looks right; not proven, as nothing has arrived from the endpoint yet: make something happen ` +
      `(\`stripe trigger payment_intent.created\`), then ask again${others}`,
  );
}

const UNITS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
] as const;

function ago(at: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000));
  const unit = UNITS.find(([length]) => seconds >= 2 * length);
  return unit ? `${Math.floor(seconds / unit[0])} ${unit[1]} ago` : `${seconds} s ago`;
}
