import { setTimeout as sleep } from "node:timers/promises";
import { archivePass } from "../../src/archive/archiver.ts";
import type { ArchiveStore } from "../../src/archive/store.ts";
import type { Pool } from "../../src/db/pool.ts";
import { forgetOld, KEPT_DAYS } from "../../src/inbox/retention.ts";
import type { Log } from "../../src/log.ts";
import { liveOrder } from "./orders.ts";

const DAY_MS = 86_400_000;
const ARCHIVE_AFTER_DAYS = 30;
const MONTHS = 12;
const REST_WITHIN_MS = 60_000;

interface Year {
  url: string;
  pool: Pool;
  store: ArchiveStore;
  log: Log;
  orders: number;
  sideBySide: number;
  /** Told at the end of each month. */
  onMonth: (month: Month) => Promise<void>;
}

export interface Month {
  number: number;
  /** Orders so far, those that nobody ended, and those whose trail is in a file. */
  orders: number;
  open: number;
  archived: number;
}

/**
 * Twelve months of orders in as many minutes or less. Every order is a real one, lived through over the API. Time is moved where
 * it is data: at each month's end the jobs that forget are told the moment at which what the month before left is due, so that an
 * archive keeps one month and the inbox three, as with `ARCHIVE_AFTER_DAYS=30`.
 */
export async function liveYear({ url, pool, store, log, orders, sideBySide, onMonth }: Year): Promise<void> {
  const began: Date[] = [];
  let n = 0;
  let open = 0;
  let archived = 0;
  for (let number = 1; number <= MONTHS; number++) {
    began.push(new Date());
    const until = Math.round((orders * number) / MONTHS);
    const one = async () => {
      while (n < until) if ((await liveOrder(url, n++)).open) open++;
    };
    await Promise.all(Array.from({ length: sideBySide }, one));
    await atRest(pool);
    archived += await archivePass(
      { pool, store, log, afterDays: ARCHIVE_AFTER_DAYS },
      after(began[number - 1], ARCHIVE_AFTER_DAYS),
    );
    await forgetOld(pool, after(began[number - 3], KEPT_DAYS.routed));
    await onMonth({ number, orders: n, open, archived });
  }
}

/** When what is older than `time` is older than so many days. */
const after = (time: Date | undefined, days: number) => new Date((time?.getTime() ?? 0) + days * DAY_MS);

/** All that was begun has ended, but for what waits for a customer. */
async function atRest(pool: Pool): Promise<void> {
  for (const deadline = Date.now() + REST_WITHIN_MS; Date.now() < deadline; await sleep(200)) {
    const { rows } = await pool.query<{ busy: boolean }>(
      `select exists (select from dbos.notifications where consumed = false)
           or exists (select from countersign.orders where segment_open and status <> 'awaiting_payment')
           or exists (select from countersign.approvals where segment_open) as busy`,
    );
    if (!rows[0]?.busy) return;
  }
}
