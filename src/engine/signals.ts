import type { Pool } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { EVENT_CHANNEL, STREAM_CHANNEL } from "./internals.ts";

/** For how long signals are collected, so that many are one statement: each wakes every listener of the database. */
const COLLECT_MS = 10;

let send: ((signals: [channel: string, payload: string][]) => void) | null = null;
let collected = new Map<string, Set<string>>();
let timer: NodeJS.Timeout | undefined;

/** Sends signals to other processes from now on, off the path of whoever writes. One that is lost costs its listener a look. */
export function startSignals(pool: Pool, log: Log): { stop(): Promise<void> } {
  let sending: Promise<unknown> = Promise.resolve();
  send = (signals) => {
    sending = pool
      .query(
        "select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as s(channel, payload)",
        [signals.map(([channel]) => channel), signals.map(([, payload]) => payload)],
      )
      .catch((error: unknown) => log.debug({ err: error }, "signals to other processes were not sent"));
  };
  return {
    async stop() {
      flush();
      send = null;
      await sending;
    },
  };
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
