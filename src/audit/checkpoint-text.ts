import { z } from "zod";
import type { CheckpointLeaf, InclusionProof, SignedCheckpoint } from "../domain/audit-checkpoint.ts";

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);

// Strict: the signature covers every field, so one that we do not know would be one that we do not check.
const checkpoint = z.strictObject({
  object: z.literal("audit_checkpoint"),
  number: z.int().min(1),
  at: z.iso.datetime(),
  prev_hash: hex,
  size: z.int().min(0),
  root: hex,
  key: base64url,
  next_key: base64url.optional(),
  hash: hex,
  signature: base64url,
});

const leafFields = { order_id: z.string(), entries: z.int().min(1), head_hash: hex };

/** A line of a checkpoint's file that is one of its leaves. */
const leaf = z.object({ object: z.literal("audit_leaf"), ...leafFields });

const proof = z.object({
  object: z.literal("audit_proof"),
  leaf: z.strictObject(leafFields),
  index: z.int().min(0),
  path: z.array(hex),
  checkpoint,
});

/** What stands in files about checkpoints. */
export type CheckpointItem = SignedCheckpoint | InclusionProof | ({ object: "audit_leaf" } & CheckpointLeaf);

const item = z.discriminatedUnion("object", [checkpoint, leaf, proof]);

/** @throws Error when this is not a signed checkpoint */
export const parseCheckpoint = (text: string): SignedCheckpoint =>
  checkpoint.parse(JSON.parse(text)) as SignedCheckpoint;

/** One line of such a file; null when it is none of these. */
export function parseItem(line: string): CheckpointItem | null {
  try {
    const { success, data } = item.safeParse(JSON.parse(line));
    return success ? (data as CheckpointItem) : null;
  } catch {
    return null;
  }
}

/** The file that is sent out: the signed checkpoint, and a line for each leaf, so that nobody has to be asked for a proof. */
export function* checkpointLines(statement: string, leaves: readonly CheckpointLeaf[]): Generator<string> {
  yield `${statement}\n`;
  for (const { order_id, entries, head_hash } of leaves)
    yield `${JSON.stringify({ object: "audit_leaf", order_id, entries, head_hash })}\n`;
}
