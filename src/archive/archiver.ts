import { setTimeout as sleep } from "node:timers/promises";
import { dropRestoredBefore, listArchivable, takeQuietApprovals } from "../db/archives.ts";
import { forgetKeysBefore } from "../db/idempotency-keys.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { derivedId } from "../domain/derived-id.ts";
import { forgetWorkflows } from "../engine/retention.ts";
import type { Log } from "../log.ts";
import type { ArchiveStore } from "./store.ts";
import { archiveTrail } from "./trails.ts";

export interface Archiver {
  stop(): Promise<void>;
}

interface Options {
  pool: Pool;
  store: ArchiveStore;
  log: Log;
  /** How long after its last change an order is archived, in days. */
  afterDays: number;
}

const PASS_EVERY_MS = 10 * 60_000;
const BATCH = 50;
const DAY_MS = 86_400_000;
/** For how long a trail that was brought back stays, so that it is not fetched for each page. */
const RESTORED_FOR_MS = DAY_MS;

/** Archives what has been at rest for long, now and then; one process at a time. */
export function startArchiver(options: Options): Archiver {
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await archivePass(options, new Date(), stopping.signal).catch((error: unknown) =>
        options.log.warn({ err: error }, "old orders could not be archived"),
      );
      await sleep(PASS_EVERY_MS, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Archives everything that may be, oldest first, and takes out again what was brought back. @returns how many orders */
export async function archivePass(options: Options, now: Date, signal?: AbortSignal): Promise<number> {
  const { pool, store, log, afterDays } = options;
  const client = await pool.connect();
  try {
    // Another process that is at it does all there is to do. Ends with the connection at the latest.
    const { rows } = await client.query<{ ours: boolean }>(
      "select pg_try_advisory_lock(hashtext('countersign.archive')) as ours",
    );
    if (!rows[0]?.ours) return 0;
    const quietSince = new Date(now.getTime() - afterDays * DAY_MS);
    const before = (prefix: string) => derivedId(prefix, quietSince, "");
    let archived = 0;
    for (let after = ""; !signal?.aborted;) {
      const orders = await listArchivable(pool, { after, before: before("ord"), quietSince, limit: BATCH });
      for (const order of orders) {
        if (signal?.aborted) break;
        after = order.id;
        const done = await archiveTrail(pool, store, order).catch((error: unknown) => {
          log.error({ err: error, order_id: order.id }, "an order could not be archived");
          return false;
        });
        if (done) archived++;
      }
      if (orders.length < BATCH) break;
    }
    const scope = { before: before("apr"), quietSince, limit: BATCH };
    for (let more = true; more && !signal?.aborted;) {
      more = await inTransaction(pool, async (tx) => {
        const workflows = await takeQuietApprovals(tx, scope);
        await forgetWorkflows(tx, workflows);
        return workflows.length > 0;
      });
    }
    const unread = new Date(now.getTime() - RESTORED_FOR_MS);
    while (
      !signal?.aborted &&
      (await inTransaction(pool, (tx) => dropRestoredBefore(tx, unread, BATCH))) > 0
    );
    while (!signal?.aborted && (await forgetKeysBefore(pool, quietSince, BATCH)) > 0);
    if (archived > 0) log.info({ orders: archived }, "old orders were archived");
    return archived;
  } finally {
    client.release(true);
  }
}
