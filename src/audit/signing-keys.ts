import { listSigningKeys, type SigningKey } from "../db/checkpoints.ts";
import type { Queryable } from "../db/pool.ts";

/**
 * The keys that signed checkpoints, oldest first. Checkpoints never change, and are made one after the other: so each is read
 * once, whoever asks how often; the path is open to everybody.
 */
export function createSigningKeys(db: Queryable): () => Promise<SigningKey[]> {
  let known: readonly SigningKey[] = [];
  return async () => {
    const before = known;
    const read = Math.max(0, ...before.map(({ to }) => to));
    const merged = new Map(before.map((each) => [each.key, each]));
    for (const each of await listSigningKeys(db, read))
      merged.set(each.key, { ...each, from: merged.get(each.key)?.from ?? each.from });
    const all = [...merged.values()];
    // Of two that asked at once, both have read the same.
    known = all;
    return all;
  };
}
