import { findCovering, getCheckpoint, listStatedHeads, readLeaves } from "../db/checkpoints.ts";
import type { Queryable } from "../db/pool.ts";
import { isIncluded, proofOf, type InclusionProof } from "../domain/audit-checkpoint.ts";
import { isSigned } from "./checkpoint-key.ts";
import { parseCheckpoint } from "./checkpoint-text.ts";
import type { KnownHead } from "./known-heads.ts";

/**
 * That a checkpoint states an order's trail: the newest that does, at or before `most`. Null when there is none, or when what is
 * stored of it does not make a proof any more.
 */
export async function proveOrder(
  db: Queryable,
  orderId: string,
  most: number | null,
): Promise<InclusionProof | null> {
  const covering = await findCovering(db, orderId, most);
  const row = covering && (await getCheckpoint(db, covering.checkpoint));
  if (!covering || !row) return null;
  const leaves = await readLeaves(db, covering.checkpoint);
  return proofOf(parseCheckpoint(row.statement), leaves, covering.position);
}

/** What stored checkpoints state of an order's trail, oldest first. */
export async function knownHeads(db: Queryable, orderId: string): Promise<KnownHead[]> {
  const stated = await listStatedHeads(db, orderId);
  return stated.map(({ checkpoint, ...head }) => ({ from: `checkpoint ${checkpoint}`, ...head }));
}

/** Whether the newest checkpoint that states the order's trail still is what was signed. True when there is none. */
export async function isStatedStill(db: Queryable, orderId: string): Promise<boolean> {
  try {
    const covering = await findCovering(db, orderId, null);
    if (!covering) return true;
    const proof = await proveOrder(db, orderId, null);
    return (
      proof !== null && proof.leaf.order_id === orderId && isIncluded(proof) && isSigned(proof.checkpoint)
    );
  } catch {
    // A statement that cannot be read any more.
    return false;
  }
}
