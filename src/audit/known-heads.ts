import { GENESIS } from "../domain/audit-chain.ts";
import type { Link } from "./entry.ts";
import { verifyChain, type ExpectedHead, type Verdict } from "./verify.ts";

/** A head that the trail once had, from a source that could not be changed since. */
export interface KnownHead {
  /** Where it is from, in a word or two: `checkpoint 12`. */
  from: string;
  /** Null: how long the trail was is not known. */
  entries: number | null;
  head_hash: string;
}

/** Verdict on a trail of which earlier heads are known. */
export interface VerdictAgainst extends Verdict {
  /** Up to which entry the known heads vouch for it: the `entries` of the latest that fits. */
  vouched?: number;
  /** The known head that it contradicts. */
  contradicts?: string;
}

/**
 * Verifies a trail, and that it goes through every known head: one that was written anew, with all hashes made right, does not.
 * A known head without a length has to be somewhere in it, since the trail may have grown.
 */
export async function verifyAgainst(
  entries: AsyncIterable<unknown> | Iterable<unknown>,
  known: readonly KnownHead[],
  expected?: ExpectedHead,
): Promise<VerdictAgainst> {
  const heads = new Map<string, number>();
  const wanted = new Set(known.map(({ head_hash }) => head_hash));
  const passed = (link: Link) => {
    if (wanted.has(link.hash)) heads.set(link.hash, link.seq + 1);
  };
  const verdict = await verifyChain(entries, expected, passed);
  const sorted = [...known].sort((a, b) => (a.entries ?? Infinity) - (b.entries ?? Infinity));
  let good: ExpectedHead = { entries: 0, head_hash: GENESIS };
  for (const head of sorted) {
    const at = heads.get(head.head_hash);
    const fits = at !== undefined && (head.entries === null || at === head.entries);
    if (fits) {
      if (at > good.entries) good = { entries: at, head_hash: head.head_hash };
      continue;
    }
    // What the chain itself says of an entry before this one is more exact.
    if (!verdict.valid && (head.entries === null || verdict.entries < head.entries)) return verdict;
    const short = head.entries === null || verdict.entries < head.entries;
    const { entries: proven, head_hash } = short ? verdict : good;
    const fault = short ? "truncated" : "rewritten";
    return { valid: false, entries: proven, head_hash, first_bad_seq: proven, fault, contradicts: head.from };
  }
  return known.length > 0 ? { ...verdict, vouched: good.entries } : verdict;
}
