import type { Pool } from "pg";
import type { Log } from "../log.ts";
import { CHANNEL, listener } from "./internals.ts";
import { isParked, wake } from "./mailbox.ts";
import { TOPIC } from "./names.ts";
import { wakeSleepers } from "./sleep.ts";

interface Pace {
  everyMs: number;
  /** Message rows younger than this are about to be heard of anyway. */
  oldMs: number;
}

const HEARD: Pace = { everyMs: 1_000, oldMs: 1_000 };
/** Where nothing is heard, this look is the only way in. */
const UNHEARD: Pace = { everyMs: 250, oldMs: 0 };
const PROBE_EVERY_MS = 5_000;

/** What the nudger reads: the engine's own tables have no index by age. */
export const indexWaitingMessages = (pool: Pool) =>
  pool.query(
    `create index if not exists countersign_waiting_messages on dbos.notifications (created_at_epoch_ms) where consumed = false`,
  );

/**
 * Wakes parked and sleeping workflows whose message's notification was lost (a listener that reconnects does not hear what it
 * missed), so that a loss costs two seconds. One query each second, however many are parked; four where nothing is heard at all.
 */
export function startNudger(pool: Pool, log: Log, notify: boolean): { stop(): void } {
  const { everyMs, oldMs } = notify ? HEARD : UNHEARD;
  const timer = setInterval(() => {
    pool
      .query<{ destination_uuid: string }>(
        `select distinct destination_uuid from dbos.notifications
          where topic = '${TOPIC}' and consumed = false and created_at_epoch_ms < $1`,
        [Date.now() - oldMs],
      )
      .then(async ({ rows }) => {
        const waiting = rows.map((row) => row.destination_uuid);
        waiting.forEach(wake);
        const elsewhere = waiting.filter((workflow) => !isParked(workflow));
        if (elsewhere.length > 0) await wakeSleepers(pool, elsewhere);
      })
      .catch((error: unknown) => log.warn({ err: error }, "waiting messages could not be looked for"));
  }, everyMs);
  timer.unref();
  const probing = setInterval(() => void probeListener(log), PROBE_EVERY_MS);
  probing.unref();
  return {
    stop() {
      clearInterval(timer);
      clearInterval(probing);
    },
  };
}

/**
 * A connection whose other end vanished without a word (a machine that lost power) looks to a listener as one on which
 * nothing happens. It is asked now and then, and given up when it does not answer; the engine opens another.
 */
async function probeListener(log: Log): Promise<void> {
  const client = listener();
  if (!client) return;
  const late = new Promise<"late">((resolve) => {
    setTimeout(() => resolve("late"), PROBE_EVERY_MS - 1_000).unref();
  });
  // It listens already, and is asked to once more; one that fails tells the engine itself.
  const answer = await Promise.race([client.query(`listen ${CHANNEL}`).catch(() => null), late]);
  if (answer !== "late" || listener() !== client) return;
  log.warn("the listening database connection does not answer; another one is opened");
  client.emit("error", new Error("no answer"));
}
