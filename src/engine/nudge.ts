import type { Pool } from "pg";
import type { Log } from "../log.ts";
import { parkedIds, wake } from "./mailbox.ts";
import { TOPIC } from "./names.ts";

const NUDGE_EVERY_MS = 2_000;
/** Message rows younger than this are about to be heard of anyway. */
const OLD_MS = 1_500;

/** What the nudger reads: the engine's own tables have no index by age. */
export const indexWaitingMessages = (pool: Pool) =>
  pool.query(
    `create index if not exists countersign_waiting_messages on dbos.notifications (created_at_epoch_ms) where consumed = false`,
  );

/**
 * Wakes parked workflows whose message's notification was lost (a listener that reconnects does not hear what it missed),
 * so that a loss costs seconds. One query each two seconds, however many are parked.
 */
export function startNudger(pool: Pool, log: Log): { stop(): void } {
  const timer = setInterval(() => {
    if (parkedIds().length === 0) return;
    pool
      .query<{ destination_uuid: string }>(
        `select distinct destination_uuid from dbos.notifications
          where topic = '${TOPIC}' and consumed = false and created_at_epoch_ms < $1`,
        [Date.now() - OLD_MS],
      )
      .then(({ rows }) => rows.forEach((row) => wake(row.destination_uuid)))
      .catch((error: unknown) => log.warn({ err: error }, "waiting messages could not be looked for"));
  }, NUDGE_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
