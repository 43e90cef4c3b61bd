import type { Config } from "../config.ts";
import { createPool } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { createMailer } from "../mail/transport.ts";
import { createStripeProvider } from "../payments/stripe/adapter.ts";
import { ProviderError } from "../payments/provider.ts";

export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

const OLDEST_POSTGRES = 140_000;

/** The preflight before going live: what is configured is reached and works. The configuration itself was checked on loading. */
export async function examine(config: Config, log: Log): Promise<Check[]> {
  return [
    { name: "configuration", ok: true, detail: config.production ? "production" : "development" },
    await database(config),
    await smtp(config, log),
    await provider(config),
  ];
}

async function database({ databaseUrl }: Config): Promise<Check> {
  if (databaseUrl === null)
    return { name: "database", ok: true, detail: "embedded PostgreSQL; set DATABASE_URL for production" };
  const pool = createPool({ url: databaseUrl, max: 1, applicationName: "countersign-doctor" });
  try {
    const { rows } = await pool.query<{ number: number; version: string; mode: string }>(
      `select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
              current_setting('synchronous_commit') as mode`,
    );
    const [found] = rows;
    const ok = (found?.number ?? 0) >= OLDEST_POSTGRES;
    return {
      name: "database",
      ok,
      detail: `PostgreSQL ${found?.version}, synchronous_commit ${found?.mode}${ok ? "" : "; 14 or newer is needed"}`,
    };
  } catch (error) {
    return { name: "database", ok: false, detail: `DATABASE_URL: ${messageOf(error)}` };
  } finally {
    await pool.end();
  }
}

async function smtp({ smtpUrl, mailFrom }: Config, log: Log): Promise<Check> {
  if (smtpUrl === null)
    return { name: "mail", ok: true, detail: "development mailbox; set SMTP_URL for production" };
  const mailer = createMailer({ smtpUrl, from: mailFrom, log });
  try {
    const check = await mailer.verify();
    return {
      name: "mail",
      ok: check.ok,
      detail: check.ok ? "the SMTP server lets us in" : `SMTP_URL: ${check.reason}`,
    };
  } finally {
    mailer.close();
  }
}

async function provider({ stripe }: Config): Promise<Check> {
  if (stripe.apiBase === null)
    return {
      name: "provider",
      ok: true,
      detail: "bundled mock provider; set STRIPE_API_BASE for production",
    };
  try {
    await createStripeProvider({ apiKey: stripe.apiKey, apiBase: stripe.apiBase }).retrieve(
      "pi_countersign_doctor",
    );
    return { name: "provider", ok: false, detail: "the provider knows a payment that cannot exist" };
  } catch (error) {
    // That this payment is missing is the answer of a provider that knows our key.
    const ok = error instanceof ProviderError && error.code === "resource_missing";
    return {
      name: "provider",
      ok,
      detail: ok ? `${stripe.apiBase} knows the key` : `STRIPE_API_BASE, STRIPE_API_KEY: ${messageOf(error)}`,
    };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
