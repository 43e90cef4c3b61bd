import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { GENESIS } from "./audit-chain.ts";
import { inclusionPath, merkleLeaf, merkleRoot, rootOfPath } from "./audit-merkle.ts";

/** One trail in a checkpoint: that it had so many entries, and the hash of the last of them. */
export interface CheckpointLeaf {
  order_id: string;
  entries: number;
  head_hash: string;
}

/**
 * What a checkpoint states. There is one chain of checkpoints for the installation, not one for each tenant: one process makes
 * it, one key signs it, one copy elsewhere guards every tenant's trails, and no tenant can be left out of it unseen. It shows a
 * tenant no more of others than how many orders changed: a leaf's hash says nothing to whoever does not know the head.
 *
 * Its tree holds only the trails that have grown since the checkpoint before, so that it costs what has changed and not what
 * there is. A trail is therefore stated by every checkpoint in which it had grown, and the latest of them covers it.
 */
export interface CheckpointStatement {
  object: "audit_checkpoint";
  /** 1, 2, 3 … without gaps. */
  number: number;
  at: string;
  /** The `hash` of the checkpoint before; 64 zeros before the first. */
  prev_hash: string;
  /** Number of leaves, and the root of the tree over them (RFC 9162), sorted by order id. */
  size: number;
  root: string;
  /** The Ed25519 public key that it is signed with: 32 bytes, base64url. */
  key: string;
  /** The key of all that follow: rotation, stated under the old key's signature. */
  next_key?: string;
}

export interface SignedCheckpoint extends CheckpointStatement {
  /** SHA-256 (hex) of the RFC 8785 canonical JSON of the statement. */
  hash: string;
  /** Ed25519 over the same bytes, base64url. */
  signature: string;
}

/** That a checkpoint's tree holds this leaf. */
export interface InclusionProof {
  object: "audit_proof";
  leaf: CheckpointLeaf;
  index: number;
  /** The siblings from the leaf up to the root, hex. */
  path: string[];
  checkpoint: SignedCheckpoint;
}

/** The bytes that are hashed and signed. */
export const statementBytes = (checkpoint: CheckpointStatement): Buffer => {
  const { hash: _, signature: __, ...statement } = checkpoint as SignedCheckpoint;
  return Buffer.from(canonicalize(statement) ?? "", "utf8");
};

export const checkpointHash = (checkpoint: CheckpointStatement): string =>
  createHash("sha256").update(statementBytes(checkpoint)).digest("hex");

/** SHA-256 of 0x00 and the RFC 8785 canonical JSON of the leaf. */
export const leafHash = ({ order_id, entries, head_hash }: CheckpointLeaf): Buffer =>
  merkleLeaf(canonicalize({ order_id, entries, head_hash }) ?? "");

/** The next statement; `leaves` sorted by order id. */
export function nextStatement(
  before: Pick<SignedCheckpoint, "number" | "hash"> | null,
  leaves: readonly CheckpointLeaf[],
  { at, key, next_key }: { at: Date; key: string; next_key?: string },
): CheckpointStatement {
  return {
    object: "audit_checkpoint",
    number: (before?.number ?? 0) + 1,
    at: at.toISOString(),
    prev_hash: before?.hash ?? GENESIS,
    size: leaves.length,
    root: merkleRoot(leaves.map(leafHash)).toString("hex"),
    key,
    ...(next_key === undefined ? {} : { next_key }),
  };
}

export const proofOf = (
  checkpoint: SignedCheckpoint,
  leaves: readonly CheckpointLeaf[],
  index: number,
): InclusionProof | null => {
  const leaf = leaves[index];
  if (!leaf) return null;
  const path = inclusionPath(leaves.map(leafHash), index).map((hash) => hash.toString("hex"));
  return { object: "audit_proof", leaf, index, path, checkpoint };
};

export const isIncluded = ({ leaf, index, path, checkpoint }: InclusionProof): boolean =>
  rootOfPath(
    leafHash(leaf),
    index,
    checkpoint.size,
    path.map((hash) => Buffer.from(hash, "hex")),
  )?.toString("hex") === checkpoint.root;
