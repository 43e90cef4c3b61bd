import { missingMigrations } from "../db/migrate.ts";
import type { Pool } from "../db/pool.ts";
import type { Health } from "../observe/health.ts";

export interface ReadinessDeps {
  pool: Pool;
  /** False from the moment at which the service was asked to stop. */
  accepting: () => boolean;
  /** Whether the other processes take this one for alive; null when it runs no workflows. */
  holdsLease: () => boolean | null;
  health: { provider: Health; mail: Health };
}

interface Check {
  ok: boolean;
  /** Why not. Whoever reaches the port reads it: it holds no address, no name and no secret. */
  reason?: string;
}

export interface Readiness {
  status: "ready" | "not_ready";
  checks: Record<string, Check>;
}

const OK: Check = { ok: true };

/**
 * Whether this process may be sent requests, and how what it needs is doing. Only what makes it answer 503 takes it out of
 * rotation: without the provider or the mail server orders are accepted and wait, as they would at every other process.
 */
export async function readiness({ pool, accepting, holdsLease, health }: ReadinessDeps): Promise<Readiness> {
  const missing = await missingMigrations(pool).catch((error: unknown) => ({ code: codeOf(error) }));
  const required: Record<string, Check> = {
    database: Array.isArray(missing)
      ? OK
      : { ok: false, reason: `no connection that takes writes can be had (${missing.code})` },
    migrations: !Array.isArray(missing)
      ? { ok: false, reason: "the database does not answer" }
      : missing.length === 0
        ? OK
        : { ok: false, reason: `the database lacks ${missing.join(", ")}; run countersign migrate` },
    accepting: accepting() ? OK : { ok: false, reason: "this process was asked to stop" },
  };
  const lease = holdsLease();
  const told: Record<string, Check> = {
    ...(lease === null ? {} : { lease: lease ? OK : { ok: false, reason: LOST } }),
    provider: health.provider.state(),
    mail: health.mail.state(),
  };
  const ready = Object.values(required).every(({ ok }) => ok);
  return { status: ready ? "ready" : "not_ready", checks: { ...required, ...told } };
}

const LOST = "others may take this process for dead; it runs no workflows until its lease is renewed";

/** PostgreSQL's SQLSTATE or the system's code: a message may hold a user's or a server's name. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^[A-Z0-9_]{4,20}$/.test(code) ? code : "no answer in time";
}
