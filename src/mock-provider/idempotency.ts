import { createHash } from "node:crypto";
import { badParam, keyInUse, ProviderError } from "./errors.ts";
import type { IdempotencyRecord } from "./objects.ts";
import type { Account } from "./state.ts";

const KEPT_S = 24 * 3600;

/** What identifies a request behind a key: endpoint and parameters. */
export const fingerprintOf = (method: string, path: string, query: string, body: string) =>
  createHash("sha256").update(`${method} ${path}\n${query}\n${body}`).digest("base64");

/** Keys whose first request has not been answered yet. */
const underWay = new Map<Account, Set<string>>();

/** Until `done` is called, the key answers 409: its first request is still running, as far as its caller can know. */
export function holdKey(account: Account, key: string): () => void {
  const held = underWay.get(account) ?? new Set();
  underWay.set(account, held.add(key));
  return () => {
    held.delete(key);
    if (held.size === 0) underWay.delete(account);
  };
}

/**
 * The earlier answer to this key, to be replayed with status and body as they were (500s too). The same key with other
 * parameters or for another endpoint is an error. https://docs.stripe.com/api/idempotent_requests
 */
export function replayOf(
  account: Account,
  key: string,
  now: number,
  asked: { method: string; path: string; fingerprint: string },
): IdempotencyRecord | null {
  if (key.length > 255) {
    throw badParam("Idempotency keys must be at most 255 characters long.", "idempotency_key");
  }
  if (underWay.get(account)?.has(key)) throw keyInUse(key);
  const kept = account.of.idempotency.get(key);
  if (!kept || now - kept.created > KEPT_S) return null;
  if (kept.method !== asked.method || kept.path !== asked.path) {
    throw mismatch(
      `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${kept.path}' vs '${asked.path}'). Try using a key other than '${key}' if you meant to execute a different request.`,
    );
  }
  if (kept.fingerprint !== asked.fingerprint) {
    throw mismatch(
      `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    );
  }
  return kept;
}

const mismatch = (message: string) => new ProviderError(400, { type: "idempotency_error", message }, false);
