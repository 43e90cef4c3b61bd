import { findUnindexed, getTrailHead, readIndexed, type IndexedEntry } from "../db/audit-index.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import { parseEntry } from "./entry.ts";
import { besideOf } from "./personal.ts";
import { verifyAgainst, type VerdictAgainst } from "./known-heads.ts";
import { isStatedStill, knownHeads } from "./prove.ts";
import type { Fault } from "./verify.ts";

const BATCH = 500;

/** An entry that is sound, while what is stored about it elsewhere is not what it should be. */
interface Misplaced extends Pick<AuditEntry, "seq" | "prev_hash"> {
  fault: Fault;
}

/**
 * Verifies an order's trail as stored: the chain of what the streams hold, against the length and head in the order's row and
 * against the index, each personal value against its commitment, and all of it against what checkpoints state. All of one
 * moment, so that entries written meanwhile do not disturb. Null when there is no such order.
 */
export const verifyStored = (pool: Pool, tenant: string, orderId: string): Promise<VerdictAgainst | null> =>
  inTransaction(pool, async (tx) => {
    await tx.query("set transaction isolation level repeatable read, read only");
    const head = await getTrailHead(tx, tenant, orderId);
    if (!head) return null;
    const misplaced: Misplaced[] = [];
    const known = await knownHeads(tx, orderId);
    const verdict = await verifyAgainst(texts(tx, tenant, orderId, misplaced), known, head);
    const [first] = misplaced.sort((a, b) => a.seq - b.seq);
    if (first && first.seq < (verdict.first_bad_seq ?? Infinity)) {
      const proven = { entries: first.seq, head_hash: first.prev_hash };
      return { valid: false, ...proven, first_bad_seq: first.seq, fault: first.fault };
    }
    if (!verdict.valid) return verdict;
    const contradicts = known.at(-1)?.from;
    if (contradicts !== undefined && !(await isStatedStill(tx, orderId)))
      return { ...verdict, valid: false, vouched: 0, first_bad_seq: 0, fault: "rewritten", contradicts };
    return unindexed(tx, orderId, verdict);
  });

/** The stored texts in the index's order; notes where something beside the entry says otherwise. */
async function* texts(
  tx: Tx,
  tenant: string,
  orderId: string,
  misplaced: Misplaced[],
): AsyncGenerator<string | null> {
  let withheld: Misplaced | null = null;
  for (let after = -1; ;) {
    const batch = await readIndexed(tx, tenant, orderId, after, BATCH);
    for (const row of batch) {
      const entry = misplaced.length === 0 && row.text !== null ? parseEntry(row.text) : null;
      if (entry) {
        const { seq, prev_hash } = entry;
        const beside = besideOf(entry, row);
        if (disagrees(row, entry)) misplaced.push({ seq, prev_hash, fault: "edited" });
        else if (beside.misstated) misplaced.push({ seq, prev_hash, fault: "misstated" });
        // What an erasure found is gone by right, its own reason too once another one follows.
        if (entry.type === "order.erased") withheld = null;
        if (beside.withheld) withheld ??= { seq, prev_hash, fault: "withheld" };
      }
      yield row.text;
    }
    if (batch.length < BATCH) break;
    after = batch.at(-1)?.seq ?? after;
  }
  if (withheld) misplaced.push(withheld);
}

/** What cannot be read, or stands at another place, is named by the chain. */
const disagrees = (row: IndexedEntry, entry: AuditEntry): boolean =>
  entry.seq === row.seq &&
  (entry.id !== row.id ||
    entry.order_id !== row.order_id ||
    entry.at !== row.at.toISOString() ||
    entry.type !== row.type ||
    entry.actor.type !== row.actor_type ||
    entry.actor.id !== row.actor_id);

/** An entry in the stream that no index row leads to was slipped in. */
async function unindexed(tx: Tx, orderId: string, verdict: VerdictAgainst): Promise<VerdictAgainst> {
  const stray = await findUnindexed(tx, orderId);
  if (!stray) return verdict;
  const seq = parseEntry(stray.text)?.seq ?? verdict.entries;
  return { ...verdict, valid: false, first_bad_seq: seq, fault: "inserted" };
}
