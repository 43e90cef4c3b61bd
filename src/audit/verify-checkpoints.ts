import {
  isIncluded,
  leafHash,
  type CheckpointLeaf,
  type SignedCheckpoint,
} from "../domain/audit-checkpoint.ts";
import { GENESIS } from "../domain/audit-chain.ts";
import { merkleRoot } from "../domain/audit-merkle.ts";
import { isSigned } from "./checkpoint-key.ts";
import { parseItem, type CheckpointItem } from "./checkpoint-text.ts";
import type { KnownHead } from "./known-heads.ts";

/** What is wrong with a set of checkpoints. */
export interface CheckpointFault {
  /** Null: with a line that is none. */
  number: number | null;
  problem:
    | "malformed"
    /** The signature or the hash is not right. */
    | "signature"
    /** Neither a trusted key nor a trusted checkpoint vouches for it. */
    | "key"
    /** It does not continue the one before it. */
    | "chain"
    /** Another checkpoint of the same number is there: somebody was shown something else. */
    | "forked"
    /** Leaf or proof does not lead to the root. */
    | "inclusion";
}

export interface CheckpointsVerdict {
  valid: boolean;
  /** How many different checkpoints were looked at. */
  checkpoints: number;
  /** The newest of them. */
  newest: { number: number; at: string; hash: string } | null;
  faults: CheckpointFault[];
  /** Numbers that are not there between the first and the last: what they say is not checked. */
  gaps: [from: number, to: number][];
  /** What they state of the order, of checkpoints without fault alone. */
  known: KnownHead[];
}

/**
 * Verifies checkpoints from files, without anybody's help: signatures, by `keys` or by those that they named since; the chain; and
 * that what they state of the order is in their trees. Lines are signed checkpoints (each followed by all of its leaves, or by
 * none) and inclusion proofs, in any order of files.
 * @param keys the public keys that are trusted, each 32 bytes in base64url; null: whichever signed the oldest
 */
export async function verifyCheckpoints(
  lines: AsyncIterable<string> | Iterable<string>,
  { keys, orderId }: { keys: readonly string[] | null; orderId: string | null },
): Promise<CheckpointsVerdict> {
  const found = new Map<number, SignedCheckpoint>();
  const faults: CheckpointFault[] = [];
  const heads: { number: number; leaf: CheckpointLeaf }[] = [];
  let tree: { checkpoint: SignedCheckpoint; leaves: Buffer[]; own: CheckpointLeaf[] } | null = null;

  const meet = (checkpoint: SignedCheckpoint): void => {
    const { number } = checkpoint;
    if (!isSigned(checkpoint)) faults.push({ number, problem: "signature" });
    else if (found.has(number) && found.get(number)?.hash !== checkpoint.hash)
      faults.push({ number, problem: "forked" });
    else found.set(number, checkpoint);
  };
  const closeTree = (): void => {
    if (!tree || tree.leaves.length === 0) return;
    const { checkpoint, leaves, own } = tree;
    const whole = leaves.length === checkpoint.size && merkleRoot(leaves).toString("hex") === checkpoint.root;
    if (!whole) faults.push({ number: checkpoint.number, problem: "inclusion" });
    else heads.push(...own.map((leaf) => ({ number: checkpoint.number, leaf })));
  };
  const take = (item: CheckpointItem): void => {
    switch (item.object) {
      case "audit_checkpoint":
        closeTree();
        tree = { checkpoint: item, leaves: [], own: [] };
        return meet(item);
      case "audit_leaf":
        tree?.leaves.push(leafHash(item));
        if (item.order_id === orderId) tree?.own.push(item);
        return;
      case "audit_proof":
        meet(item.checkpoint);
        if (!isIncluded(item)) faults.push({ number: item.checkpoint.number, problem: "inclusion" });
        else if (item.leaf.order_id === orderId)
          heads.push({ number: item.checkpoint.number, leaf: item.leaf });
    }
  };
  for await (const line of lines) {
    const item = parseItem(line);
    if (item) take(item);
    else faults.push({ number: null, problem: "malformed" });
  }
  closeTree();

  const chain = [...found.values()].sort((a, b) => a.number - b.number);
  const gaps = followChain(chain, keys, faults);
  const bad = new Set(faults.map(({ number }) => number));
  const last = chain.at(-1);
  return {
    valid: faults.length === 0,
    checkpoints: chain.length,
    newest: last ? { number: last.number, at: last.at, hash: last.hash } : null,
    faults,
    gaps,
    known: heads
      .filter(({ number }) => !bad.has(number))
      .map(({ number, leaf: { entries, head_hash } }) => ({
        from: `checkpoint ${number}`,
        entries,
        head_hash,
      })),
  };
}

/** Whether each continues the one before and can be trusted. @returns where some are missing */
function followChain(
  chain: readonly SignedCheckpoint[],
  trusted: readonly string[] | null,
  faults: CheckpointFault[],
): CheckpointsVerdict["gaps"] {
  const gaps: CheckpointsVerdict["gaps"] = [];
  const vouched = vouchedFor(chain, trusted ?? chain.slice(0, 1).map(({ key }) => key));
  chain.forEach((checkpoint, i) => {
    const { number } = checkpoint;
    const before = chain[i - 1];
    if (!vouched.has(number)) faults.push({ number, problem: "key" });
    const expected = before?.number === number - 1 ? before.hash : number === 1 ? GENESIS : null;
    if (expected !== null && checkpoint.prev_hash !== expected) faults.push({ number, problem: "chain" });
    if (before && before.number < number - 1) gaps.push([before.number + 1, number - 1]);
  });
  return gaps;
}

/**
 * A key vouches for what it signed and, where it names a next key, for that one too. What is older than a trusted checkpoint is
 * vouched for by its `prev_hash`, whichever key had signed it.
 */
function vouchedFor(chain: readonly SignedCheckpoint[], trusted: readonly string[]): Set<number> {
  const keys = new Set(trusted);
  const vouched = new Set<number>();
  for (const { number, key, next_key } of chain) {
    if (!keys.has(key)) continue;
    vouched.add(number);
    if (next_key) keys.add(next_key);
  }
  for (let i = chain.length - 1; i > 0; i--) {
    const [before, after] = [chain[i - 1], chain[i]];
    const follows = before && after && before.number === after.number - 1 && before.hash === after.prev_hash;
    if (follows && vouched.has(after.number)) vouched.add(before.number);
  }
  return vouched;
}
