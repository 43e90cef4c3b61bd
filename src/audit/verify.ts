import { GENESIS } from "../domain/audit-chain.ts";
import { readLink, type Link } from "./entry.ts";

/**
 * What is wrong at the first bad place:
 * - `edited`: an entry does not have the hash it says, or was changed and hashed again, so that its successor does not follow it
 * - `missing`: entries are gone from the middle
 * - `inserted`: an entry that does not belong there
 * - `reordered`: the entry stands at another place
 * - `forked`: two sound entries both continue the same one
 * - `truncated`: the end is gone
 * - `malformed`: not an entry
 * - `misstated`: a personal value beside the entry is not the one that it commits to
 * - `rewritten`: the chain is sound, but it is not the one that a checkpoint states; of trails verified against checkpoints only
 * - `withheld`: a personal value is gone, and no erasure says so; of a stored trail only
 */
export type Fault =
  | "edited"
  | "missing"
  | "inserted"
  | "reordered"
  | "forked"
  | "truncated"
  | "malformed"
  | "misstated"
  | "rewritten"
  | "withheld";

export interface Verdict {
  valid: boolean;
  /** How many entries are proven: all of them, or those before the first bad one. */
  entries: number;
  /** The hash of the last proven entry; 64 zeros when there is none. */
  head_hash: string;
  /** The first `seq` at which the trail is not what it should be. */
  first_bad_seq?: number;
  fault?: Fault;
}

/** Length and head of the trail from another source; without it a missing end cannot be seen. */
export interface ExpectedHead {
  entries: number;
  head_hash: string;
}

/** Proven so far. */
interface Proven {
  entries: number;
  head_hash: string;
  order_id: string | null;
}

const NOTHING: Proven = { entries: 0, head_hash: GENESIS, order_id: null };

/**
 * Verifies one trail from its first entry. Entries are JSON texts or parsed values in the order in which they stand; null
 * stands for an entry that is known to be gone. Reads each once and keeps none. `passed` is told of each that is proven.
 */
export async function verifyChain(
  entries: AsyncIterable<unknown> | Iterable<unknown>,
  expected?: ExpectedHead,
  passed?: (link: Link) => void,
): Promise<Verdict> {
  const source = iterate(entries);
  let proven = NOTHING;
  let last: { before: Proven; link: Link } | null = null;
  try {
    for (let next = await source.next(); !next.done; next = await source.next()) {
      if (expected && proven.entries === expected.entries)
        return tooMany(proven, last?.before ?? NOTHING, expected);
      if (next.value === null) return fault("missing", proven);
      const link = readLink(next.value);
      if (link && follows(link, proven)) {
        if (link.misstated) return fault("misstated", proven);
        last = { before: proven, link };
        proven = { entries: link.seq + 1, head_hash: link.hash, order_id: link.order_id };
        passed?.(link);
        continue;
      }
      return await diagnose(link, proven, last, source, expected);
    }
  } finally {
    await source.return?.();
  }
  return compare(proven, last?.before ?? NOTHING, expected);
}

const iterate = (
  entries: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncIterator<unknown> | Iterator<unknown> =>
  Symbol.asyncIterator in entries ? entries[Symbol.asyncIterator]() : entries[Symbol.iterator]();

/** Is it the very next entry of the same trail? */
const follows = (link: Link, { entries, head_hash, order_id }: Proven): boolean =>
  link.sound &&
  link.seq === entries &&
  link.prev_hash === head_hash &&
  (order_id === null || link.order_id === order_id);

const fault = (kind: Fault, proven: Proven, seq = proven.entries): Verdict => ({
  valid: false,
  entries: proven.entries,
  head_hash: proven.head_hash,
  first_bad_seq: seq,
  fault: kind,
});

function compare(proven: Proven, before: Proven, expected: ExpectedHead | undefined): Verdict {
  if (expected && proven.entries < expected.entries) return fault("truncated", proven);
  // Sound in itself, but another trail: at the latest its last entry is not the one it was.
  if (expected && proven.head_hash !== expected.head_hash) return fault("edited", before);
  return { valid: true, entries: proven.entries, head_hash: proven.head_hash };
}

function tooMany(proven: Proven, before: Proven, expected: ExpectedHead): Verdict {
  const verdict = compare(proven, before, expected);
  return verdict.valid ? fault("inserted", proven) : verdict;
}

/** Names the fault of an entry that does not follow, by what comes after it. */
async function diagnose(
  bad: Link | null,
  proven: Proven,
  last: { before: Proven; link: Link } | null,
  source: AsyncIterator<unknown> | Iterator<unknown>,
  expected: ExpectedHead | undefined,
): Promise<Verdict> {
  if (bad?.sound && bad.seq < proven.entries) {
    const twin = last !== null && bad.seq === last.link.seq && bad.prev_hash === last.link.prev_hash;
    return twin && bad.hash !== last.link.hash ? fault("forked", last.before) : fault("inserted", proven);
  }
  const rest = await survey(source, bad, proven);
  if (bad?.sound && bad.seq > proven.entries) {
    if (!rest.truth) return fault("missing", proven);
    return fault(rest.again ? "inserted" : "reordered", proven);
  }
  if (rest.truth === "next") return fault("inserted", proven);
  if (!bad) return fault("malformed", proven);
  if (!bad.sound) return fault("edited", proven);
  if (rest.truth) return fault("reordered", proven);
  // Sound, at its place, and yet it does not follow: if the next entry or the known head speaks for it, then the one before
  // it was changed and hashed again.
  const spokenFor = rest.empty ? !expected || expected.head_hash === bad.hash : rest.continued;
  return spokenFor && last ? fault("edited", last.before) : fault("edited", proven);
}

interface Rest {
  empty: boolean;
  /** Where the true entry for the bad one's place is. */
  truth: "next" | "later" | null;
  /** Whether the bad entry comes once more. */
  again: boolean;
  /** Whether the very next one continues the bad one. */
  continued: boolean;
}

async function survey(
  source: AsyncIterator<unknown> | Iterator<unknown>,
  bad: Link | null,
  proven: Proven,
): Promise<Rest> {
  const rest: Rest = { empty: true, truth: null, again: false, continued: false };
  for (let next = await source.next(); !next.done; next = await source.next()) {
    const link = readLink(next.value);
    if (link && follows(link, proven)) rest.truth ??= rest.empty ? "next" : "later";
    if (link?.sound && link.hash === bad?.hash) rest.again = true;
    if (rest.empty && link?.sound && link.prev_hash === bad?.hash && link.seq === bad.seq + 1)
      rest.continued = true;
    rest.empty = false;
  }
  return rest;
}
