import { createHash } from "node:crypto";

// Merkle trees as RFC 9162, section 2.1, has them (and RFC 6962 before it): SHA-256, with a prefix that tells leaves from nodes.

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

export const merkleLeaf = (data: string): Buffer => sha256(LEAF, Buffer.from(data, "utf8"));
const node = (left: Buffer, right: Buffer): Buffer => sha256(NODE, left, right);

/** The tree's root; of no leaves it is SHA-256 of nothing. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  // Level by level is the same tree: an odd one at the end goes up as it is.
  let level = leaves;
  while (level.length > 1) level = above(level);
  return level[0] ?? sha256();
}

const above = (level: readonly Buffer[]): Buffer[] =>
  Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
    const [left, right] = [level[2 * i], level[2 * i + 1]];
    if (!left) throw new Error("a level without a left node");
    return right ? node(left, right) : left;
  });

/** The inclusion proof of leaf `index`, from the leaf up (RFC 9162, 2.1.3.1). */
export function inclusionPath(leaves: readonly Buffer[], index: number): Buffer[] {
  const path: Buffer[] = [];
  let [level, at] = [leaves, index];
  while (level.length > 1) {
    const sibling = level[at ^ 1];
    if (sibling) path.push(sibling);
    [level, at] = [above(level), at >> 1];
  }
  return path;
}

/** The root to which a proof leads; null when its length does not fit the tree (RFC 9162, 2.1.3.2). */
export function rootOfPath(
  leaf: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
): Buffer | null {
  if (index < 0 || index >= size) return null;
  let [at, last, found] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      found = node(sibling, found);
      while (at % 2 === 0 && at !== 0) [at, last] = [at >> 1, last >> 1];
    } else found = node(found, sibling);
    [at, last] = [at >> 1, last >> 1];
  }
  return last === 0 ? found : null;
}
