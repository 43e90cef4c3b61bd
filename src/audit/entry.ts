import { z } from "zod";
import { entryHash } from "../domain/audit-chain.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import { fits } from "../domain/personal.ts";
import { hasRepeatedKeys } from "./json-keys.ts";

const hex = z.string().regex(/^[0-9a-f]{64}$/);

const shape = z.looseObject({
  seq: z.int().min(0),
  id: z.string(),
  order_id: z.string(),
  at: z.string(),
  type: z.string(),
  actor: z.looseObject({ type: z.string(), id: z.string() }),
  data: z.record(z.string(), z.unknown()),
  prev_hash: hex,
  hash: hex,
});

const personalShape = z.array(
  z.strictObject({ path: z.string(), salt: z.string().regex(/^[0-9a-f]{32}$/), value: z.string() }),
);

/**
 * What the chain needs to know of an entry; `sound` when its own hash is right, `misstated` when a personal value beside it is not
 * the one that it commits to.
 */
export interface Link {
  seq: number;
  order_id: string;
  prev_hash: string;
  hash: string;
  sound: boolean;
  misstated: boolean;
}

/** Reads one entry, as its JSON text or parsed. Null when it is not an entry at all. */
export function readLink(raw: unknown): Link | null {
  try {
    const value: unknown = typeof raw === "string" ? JSON.parse(raw) : raw;
    const { success, data } = shape.safeParse(value);
    if (!success || (typeof raw === "string" && hasRepeatedKeys(raw.trim(), value))) return null;
    const { seq, order_id, prev_hash, hash } = data;
    // The hash is of the value as it came, whatever else it holds; personal values stand beside it.
    const { personal, ...entry } = value as AuditEntry & { personal?: unknown };
    const beside = personalShape.safeParse(personal ?? []);
    const misstated = !beside.success || !beside.data.every((kept) => fits(entry, kept));
    return { seq, order_id, prev_hash, hash, sound: entryHash(entry) === hash, misstated };
  } catch {
    return null;
  }
}

/** The entry that a stored text holds; null when it is none. It may still have been altered: that is for `verify` to say. */
export function parseEntry(text: string): AuditEntry | null {
  try {
    const { success, data } = shape.safeParse(JSON.parse(text));
    return success ? (data as unknown as AuditEntry) : null;
  } catch {
    return null;
  }
}
