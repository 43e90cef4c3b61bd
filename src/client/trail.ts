import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { AuditEntry } from "../contract/answers/audit.ts";
import { CountersignError } from "./failure.ts";
import { isPassing, pause, reasonOf, waitBeforeNext } from "./retry.ts";
import type { Transport } from "./transport.ts";

/** How personal values are shown: as commitments, in their places, or beside each entry with their salts. */
export type EntryView = "sealed" | "readable" | "proof";

export interface FollowOptions {
  /** The last entry that you have; -1, the default, begins with the first. */
  after_seq?: number | undefined;
  view?: EntryView | undefined;
  /** Ends the following: the iterator throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The service says something every 15 s; a connection that is silent for longer is dead. */
const SILENT_MS = 45_000;
/** Between two connections that brought nothing. */
const BACK_AFTER_MS = 1_000;
/** Lost connections in a row, without an entry between them. */
const PATIENCE = 10;

export const viewQuery = (view: EntryView = "sealed") =>
  view === "sealed" ? {} : view === "readable" ? { readable: true } : { proof: true };

/** Follows the stream at `path` until the trail is closed, over any number of connections: each entry once, in order. */
export async function* followTrail(
  transport: Transport,
  path: string,
  { after_seq = -1, view, signal }: FollowOptions,
): AsyncGenerator<AuditEntry, void, undefined> {
  let after = after_seq;
  for (let failures = 0; ;) {
    try {
      for await (const message of connection(transport, path, { after, view, signal })) {
        failures = 0;
        if (message.event === "end") return;
        if (message.event === "resync") after = (JSON.parse(message.data) as { after_seq: number }).after_seq;
        if (message.event !== "audit") continue;
        const entry = JSON.parse(message.data) as AuditEntry;
        // What a lost connection had brought already.
        if (entry.seq <= after) continue;
        after = entry.seq;
        yield entry;
      }
      await pause(BACK_AFTER_MS, signal);
    } catch (error) {
      if (!(error instanceof CountersignError) || !isPassing(error)) throw error;
      const wait = waitBeforeNext(error, { tries: ++failures, retries: PATIENCE, chance: Math.random() });
      if (wait === null) throw error;
      await pause(wait, signal);
    }
  }
}

/** One connection, until it ends by itself. @throws CountersignError when it breaks off or falls silent */
async function* connection(
  transport: Transport,
  path: string,
  { after, view, signal }: { after: number; view: EntryView | undefined; signal: AbortSignal | undefined },
): AsyncGenerator<EventSourceMessage, void, undefined> {
  const over = new AbortController();
  const response = await transport.open(
    { method: "GET", path, query: viewQuery(view), accept: "text/event-stream", lastEventId: String(after) },
    { signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal, retries: 0 },
  );
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (!reader) return;
  const arrived: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => void arrived.push(message) });
  const decoder = new TextDecoder();
  let silent: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      silent = setTimeout(() => over.abort(), SILENT_MS);
      const { done, value } = await reader.read();
      clearTimeout(silent);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* arrived.splice(0);
    }
  } catch (cause) {
    if (signal?.aborted) throw reasonOf(signal);
    throw new CountersignError(`GET ${path}: the stream broke off.`, { code: "connection_failed", cause });
  } finally {
    clearTimeout(silent);
    over.abort();
  }
}
