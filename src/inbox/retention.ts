import { forgetChanges } from "../db/inbound-changes.ts";
import { forgetInbound, type InboundState } from "../db/inbound-webhooks.ts";
import type { Pool } from "../db/pool.ts";
import { derivedId } from "../domain/derived-id.ts";

/** For how long a webhook is kept in each state, in days. One of an order that is still open stays, however old. */
export const KEPT_DAYS: Record<InboundState, number> = {
  routed: 90,
  ignored: 90,
  parked: 400,
  quarantined: 400,
  failed: 400,
};

/** A provider's list of events goes back 30 days: what is found there may still be a change told twice. */
const CHANGES_KEPT_DAYS = 35;
const DAY_MS = 86_400_000;
const BATCH = 500;

/** Deletes what is older than it is kept for, in batches; one process at a time. @returns how many webhooks */
export async function forgetOld(pool: Pool, now: Date, signal?: AbortSignal): Promise<number> {
  const client = await pool.connect();
  try {
    // Another process that is at it does all there is to do. Ends with the connection at the latest.
    const { rows } = await client.query<{ ours: boolean }>(
      "select pg_try_advisory_lock(hashtext('countersign.inbox')) as ours",
    );
    if (!rows[0]?.ours) return 0;
    const daysAgo = (days: number) => new Date(now.getTime() - days * DAY_MS);
    let forgotten = 0;
    for (const [state, days] of Object.entries(KEPT_DAYS)) {
      const before = derivedId("whi", daysAgo(days), "").slice(0, "whi_".length + 10);
      for (let after: string | null = ""; after !== null && !signal?.aborted;) {
        const batch = await forgetInbound(pool, state, { after, before, limit: BATCH });
        forgotten += batch.forgotten;
        after = batch.last;
      }
    }
    while (!signal?.aborted && (await forgetChanges(pool, daysAgo(CHANGES_KEPT_DAYS), BATCH)) === BATCH);
    return forgotten;
  } finally {
    client.release(true);
  }
}
