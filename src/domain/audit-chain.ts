import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { AuditDraft, AuditEntry } from "./audit-entry.ts";
import { derivedId } from "./derived-id.ts";
import { storableJson } from "./storable.ts";

/** The first entry's `prev_hash`. */
export const GENESIS = "0".repeat(64);

/** SHA-256 (hex) of the RFC 8785 canonical JSON of the entry without its `hash`. */
export function entryHash(entry: Omit<AuditEntry, "hash">): string {
  const { hash: _, ...hashed } = entry as AuditEntry;
  return createHash("sha256")
    .update(canonicalize(hashed) ?? "")
    .digest("hex");
}

/** The place at which the next entry is appended. */
export interface ChainHead {
  entries: number;
  head_hash: string;
}

/** Gives drafts their place: consecutive `seq`, one time, each entry's `prev_hash` the hash of the one before. */
export function appendToChain(
  orderId: string,
  head: ChainHead,
  drafts: AuditDraft[],
  now: Date,
): AuditEntry[] {
  let prev_hash = head.head_hash;
  return drafts.map((draft, i) => {
    const seq = head.entries + i;
    const id = derivedId("aud", now, `${orderId}:${seq}`);
    const { source, ...actor } = draft.actor;
    // What is hashed is what is stored: through JSON once, so that absent and undefined are the same thing.
    const data = JSON.parse(
      storableJson(source === undefined ? draft.data : { source, ...draft.data }),
    ) as Record<string, unknown>;
    const entry = {
      seq,
      id,
      order_id: orderId,
      at: now.toISOString(),
      type: draft.type,
      actor,
      data,
      prev_hash,
    };
    const hash = entryHash(entry);
    prev_hash = hash;
    return { ...entry, hash };
  });
}
