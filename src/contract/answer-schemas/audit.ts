import { z } from "zod";
import type {
  AuditEntry,
  AuditKeys,
  EntryPage,
  InclusionProof,
  SignedCheckpoint,
  TrailVerdict,
} from "../answers/audit.ts";
import { hash, idOf, listOf, time } from "./fields.ts";

const entry = z
  .looseObject({
    seq: z.int().min(0),
    id: idOf("aud"),
    order_id: idOf("ord"),
    at: time,
    type: z.string(),
    actor: z.object({
      type: z.enum(["api", "customer", "approver", "provider", "system", "operator"]),
      id: z.string(),
    }),
    data: z.record(z.string(), z.unknown()),
    prev_hash: hash,
    hash: hash.describe("SHA-256 of the RFC 8785 canonical JSON of the entry without `hash`."),
  })
  .meta({ id: "AuditEntry" }) satisfies z.ZodType<AuditEntry>;

export const entries = z
  .object({
    object: z.literal("list"),
    data: z.array(entry),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
    personal: z
      .record(z.string(), z.record(z.string(), z.string().nullable()))
      .describe(
        "Of sealed entries, by id and JSON Pointer, what stands in place of commitments; null: erased.",
      ),
  })
  .meta({ id: "AuditEntryList" }) satisfies z.ZodType<EntryPage>;

export const verdict = z
  .object({
    valid: z.boolean(),
    entries: z.int().describe("How many are proven: all, or those before the first bad one."),
    head_hash: hash,
    first_bad_seq: z.int().exactOptional(),
    fault: z.string().exactOptional(),
    vouched: z.int().exactOptional(),
    contradicts: z.string().exactOptional(),
  })
  .meta({ id: "TrailVerdict" }) satisfies z.ZodType<TrailVerdict>;

export const entryTypes = listOf(
  z.object({
    type: z.string(),
    says: z.string(),
    actors: z.array(z.string()),
    data: z.record(z.string(), z.unknown()).describe("A JSON Schema."),
  }),
  "EntryTypeList",
);

export const checkpoint = z
  .object({
    object: z.literal("audit_checkpoint"),
    number: z.int().min(1),
    at: time,
    prev_hash: hash,
    size: z.int(),
    root: hash,
    key: z.string(),
    next_key: z.string().exactOptional(),
    hash,
    signature: z.string(),
  })
  .meta({ id: "Checkpoint" }) satisfies z.ZodType<SignedCheckpoint>;

export const checkpoints = listOf(checkpoint, "CheckpointList");

export const proof = z
  .object({
    object: z.literal("audit_proof"),
    leaf: z.object({ order_id: idOf("ord"), entries: z.int(), head_hash: hash }),
    index: z.int(),
    path: z.array(hash),
    checkpoint,
  })
  .meta({ id: "AuditProof" }) satisfies z.ZodType<InclusionProof>;

export const keys = z
  .object({
    object: z.literal("audit_keys"),
    algorithm: z.literal("Ed25519"),
    keys: z.array(z.object({ key: z.string(), pem: z.string(), first: z.int(), last: z.int().nullable() })),
  })
  .meta({ id: "AuditKeys" }) satisfies z.ZodType<AuditKeys>;
