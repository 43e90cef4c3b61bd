import type { AuditEntry } from "../../domain/audit-entry.ts";
import type { PublishedEntryType } from "../audit-entries/index.ts";
import type { List } from "../paging.ts";

export type { AuditEntry } from "../../domain/audit-entry.ts";
export type { CheckpointLeaf, InclusionProof, SignedCheckpoint } from "../../domain/audit-checkpoint.ts";

/** `personal`: of sealed entries, by id and JSON Pointer, the values that stand in place of commitments; null: erased. */
export interface EntryPage extends List<AuditEntry> {
  personal: Record<string, Record<string, string | null>>;
}

/** Whether a trail is as it was written, and if not, from where on. */
export interface TrailVerdict {
  valid: boolean;
  /** How many entries are proven: all of them, or those before the first bad one. */
  entries: number;
  /** The hash of the last proven entry; 64 zeros when there is none. */
  head_hash: string;
  /** The first `seq` at which the trail is not what it should be, and what is wrong there. */
  first_bad_seq?: number;
  fault?: string;
  /** The `entries` of the latest checkpoint that vouches for it, and the one that it contradicts. */
  vouched?: number;
  contradicts?: string;
}

/** `GET /v1/audit/entry-types` */
export type EntryTypes = List<PublishedEntryType>;

/** The keys that checkpoints are signed with, and the numbers of the checkpoints of each. */
export interface AuditKeys {
  object: "audit_keys";
  algorithm: "Ed25519";
  keys: { key: string; pem: string; first: number; last: number | null }[];
}
