import { setTimeout as sleep } from "node:timers/promises";
import {
  databaseTime,
  eraseSamples,
  finishErasure,
  searchInbox,
  transactionsBefore,
} from "../db/erasures.ts";
import { lockApprovalsOf } from "../db/approvals.ts";
import { getSegment } from "../db/orders.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import type { EffectResult } from "../domain/order.ts";
import { eraseLeft } from "../engine/erase.ts";

/** How many received webhooks one statement looks through. */
const AT_ONCE = 500;

/** Something of the order is still under way, and may bring back what was erased. */
class StillAtWork extends Error {
  override readonly name = "StillAtWork";
  readonly code = "still_at_work";
  readonly retry = true;
}

const LOOK_EVERY_MS = 20;
const OLDER_WITHIN_MS = 10_000;

/** Whoever stores a webhook and has read the order before its erasure has committed, or rolled back. */
async function olderEnded(pool: Pool): Promise<void> {
  const now = await databaseTime(pool);
  const late = Date.now() + OLDER_WITHIN_MS;
  while ((await transactionsBefore(pool, now)) > 0) {
    if (Date.now() > late) throw new StillAtWork("a transaction from before the erasure is still open");
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Erases what is not erased with the decision: bodies of received webhooks, samples of bad requests, and what was under way.
 * Tried again it goes on where it was: how far the inbox was searched is stored with each part of it.
 */
export async function eraseRest(pool: Pool, orderId: string): Promise<EffectResult> {
  await olderEnded(pool);
  for (let looked: number | null = AT_ONCE; looked === AT_ONCE;)
    looked = await searchInbox(pool, orderId, AT_ONCE);
  return inTransaction(pool, async (tx) => {
    const segment = await getSegment(tx, orderId);
    const open = (await lockApprovalsOf(tx, orderId)).find((approval) => approval.segment_open);
    if (open) throw new StillAtWork(`approval ${open.id} has work under way that may name the customer`);
    await eraseLeft(tx, orderId, segment);
    await eraseSamples(tx, orderId);
    return { kind: "erased", webhooks: await finishErasure(tx, orderId) };
  });
}
