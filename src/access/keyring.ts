import { createHmac } from "node:crypto";
import type { ApiKeyConfig } from "../config.ts";
import { findHolder } from "../db/api-keys.ts";
import type { Queryable } from "../db/pool.ts";
import type { Role } from "../domain/role.ts";
import { remembered } from "./remembered.ts";
import { hashOf, isApiKey } from "./secret.ts";

/** Whom an API key stands for. */
export interface KeyHolder {
  tenant: string;
  role: Role;
  user: string;
  /** What a session that was signed in with it stands on; the same for the key before a rotation and after. */
  credential: string;
}

export interface Keyring {
  /** Null when the key is not good. A key that was revoked elsewhere is refused within `REMEMBER_MS`. */
  holderOf(key: string): Promise<KeyHolder | null>;
  /** Of a configured key, by its credential. */
  configured(credential: string): KeyHolder | null;
}

/** How long a process goes on with what it knows of a key or a session. */
export const REMEMBER_MS = 2_000;

/**
 * The keys of API_KEYS, of which only hashes are kept, and those made at run time, which stand in the database.
 * @param secrets name configured keys for their sessions: a plain hash of a key that a person made up could be guessed back
 */
export function createKeyring(keys: ApiKeyConfig[], secrets: readonly string[], db: Queryable): Keyring {
  const byHash = new Map<string, KeyHolder>();
  const byCredential = new Map<string, KeyHolder>();
  for (const { key, ...who } of keys) {
    const credentials = secrets.map(
      (secret) => `env_${createHmac("sha256", secret).update(key).digest("hex")}`,
    );
    const holder = { ...who, credential: credentials[0] ?? "" };
    byHash.set(hashOf(key), holder);
    for (const credential of credentials) byCredential.set(credential, holder);
  }
  const stored = remembered(
    async (keyHash): Promise<KeyHolder | null> => {
      const row = await findHolder(db, keyHash);
      return row && { tenant: row.tenant, role: row.role, user: row.user_name, credential: row.id };
    },
    { forMs: REMEMBER_MS },
  );
  return {
    async holderOf(key) {
      const hash = hashOf(key);
      const found = byHash.get(hash);
      if (found) return found;
      return isApiKey(key) ? stored.get(hash) : null;
    },
    configured: (credential) => byCredential.get(credential) ?? null,
  };
}
