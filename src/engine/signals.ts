import type { Pool } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { EVENT_CHANNEL, STREAM_CHANNEL } from "./internals.ts";

/** For how long signals are collected, so that many are one statement: each wakes every listener of the database. */
const COLLECT_MS = 10;

let send: ((signals: [channel: string, payload: string][]) => void) | null = null;
let collected = new Map<string, Set<string>>();
let timer: NodeJS.Timeout | undefined;

/** How often it is looked who else is there. */
const LOOK_EVERY_MS = 1_000;

/**
 * Sends signals to other processes from now on, off the path of whoever writes. One that is lost costs its listener a look, a second
 * later at most. While no other process is connected none is sent: it would be half of what an order costs in transactions.
 * @param session how this process's sessions are called, and begin to be called in every process
 */
export function startSignals(
  pool: Pool,
  session: { name: string; begins: string },
  log: Log,
): { stop(): Promise<void> } {
  let sending: Promise<unknown> = Promise.resolve();
  let isAlone = false;
  const looking = setInterval(() => {
    othersAreThere(pool, session)
      .then((are) => (isAlone = !are))
      .catch((error: unknown) => log.debug({ err: error }, "other processes could not be looked for"));
  }, LOOK_EVERY_MS);
  looking.unref();
  send = (signals) => {
    if (isAlone) return;
    sending = pool
      .query(
        "select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as s(channel, payload)",
        [signals.map(([channel]) => channel), signals.map(([, payload]) => payload)],
      )
      .catch((error: unknown) => log.debug({ err: error }, "signals to other processes were not sent"));
  };
  return {
    async stop() {
      clearInterval(looking);
      flush();
      send = null;
      await sending;
    },
  };
}

async function othersAreThere(
  pool: Pool,
  { name, begins }: { name: string; begins: string },
): Promise<boolean> {
  const { rows } = await pool.query<{ are: boolean }>(
    `select exists (select from pg_stat_activity
                     where datname = current_database() and starts_with(application_name, $1) and application_name <> $2) as are`,
    [begins, name],
  );
  return rows[0]?.are ?? true;
}

function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  const signals = [...collected].flatMap(([channel, payloads]) =>
    [...payloads].map((payload) => [channel, payload] as [string, string]),
  );
  collected = new Map();
  if (signals.length > 0) send?.(signals);
}

function signal(channel: string, payload: string): void {
  if (!send) return;
  const payloads = collected.get(channel);
  if (payloads) payloads.add(payload);
  else collected.set(channel, new Set([payload]));
  timer ??= setTimeout(flush, COLLECT_MS);
}

/** Tells every process, some milliseconds from now, that an event was set: as the engine does, on its channel. */
export const signalEvent = (workflowId: string, key: string): void =>
  signal(EVENT_CHANNEL, `${workflowId}::${key}`);

/** The same for a stream. */
export const signalStream = (workflowId: string, key: string): void =>
  signal(STREAM_CHANNEL, `${workflowId}::${key}`);
