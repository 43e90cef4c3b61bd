import { AsyncResource } from "node:async_hooks";
import { inTransaction, type Pool } from "../db/pool.ts";
import type { Fault } from "../engine/fault.ts";
import { isPassing } from "../engine/lost-connection.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { currentTrace } from "../observe/trace.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { readEvent } from "./read.ts";
import { eventId, storeAndRoute, storeFailed, type Accepted, type Arrival, type Read } from "./store.ts";

export type { Accepted, Arrival } from "./store.ts";

export interface Intake {
  /**
   * Resolves once the event is stored and sent to its order.
   * @throws AppError `database_unavailable` when that takes too long or is not possible now: the provider sends it again
   */
  accept(arrival: Arrival): Promise<Accepted>;
}

interface Waiting extends Read {
  resolve(accepted: Accepted): void;
  reject(error: unknown): void;
}

/** How many arrivals share a commit at most, and how many such commits are under way at once. */
const BATCH = 64;
const WRITERS = 2;
/** Providers wait for ten seconds and more; one that is told earlier comes again earlier. */
const ANSWER_WITHIN_MS = 5_000;
/** What may wait in memory for a database that is slow, in bytes of bodies. */
const MOST_WAITING = 64 * 1024 * 1024;
const RETRY_S = 5;

interface Options {
  pool: Pool;
  sources: WebhookSources;
  log: Log;
  metrics?: Pick<Metrics, "batch">;
  fault?: Fault;
}

/** A batch is of many requests, and written in the name of none. */
const outside = new AsyncResource("countersign-intake");

/**
 * Takes in verified webhooks: each is stored and, in the same transaction, sent to its order, before `accept` resolves.
 * Arrivals that come while a commit is under way share the next one.
 */
export function createIntake({ pool, sources, log, metrics, fault = () => {} }: Options): Intake {
  const queue: Waiting[] = [];
  let writers = 0;
  let waitingBytes = 0;

  function pump(): void {
    while (writers < WRITERS && queue.length > 0) {
      const batch = takeBatch(queue);
      writers++;
      metrics?.batch.observe(batch.length);
      void outside.runInAsyncScope(write, null, batch).finally(() => {
        writers--;
        pump();
      });
    }
  }

  async function write(batch: Waiting[]): Promise<void> {
    try {
      const { accepted, dispatch } = await inTransaction(pool, async (tx) => {
        fault("intake", "before");
        const stored = await storeAndRoute(tx, batch, log);
        fault("intake_commit", "before");
        return stored;
      });
      fault("intake_commit", "after");
      dispatch();
      batch.forEach((waiting, i) => {
        const result = accepted[i];
        if (result) waiting.resolve(result);
      });
      fault("intake", "after");
    } catch (error) {
      await writeEach(batch, error);
    }
  }

  /** One that cannot be taken in must not take the others with it. */
  async function writeEach(batch: Waiting[], error: unknown): Promise<void> {
    const [only, ...others] = batch;
    if (isPassing(error)) for (const waiting of batch) waiting.reject(unavailable(error));
    else if (others.length > 0) for (const waiting of batch) await write([waiting]);
    else if (only) {
      log.error(
        { err: error, event_id: eventId(only) },
        "a webhook could not be taken in; it is kept as failed",
      );
      await storeFailed(pool, only, error).then(
        (accepted) => only.resolve(accepted),
        (cause: unknown) => only.reject(cause),
      );
    }
  }

  return {
    accept: (arrival) =>
      new Promise((resolve, reject) => {
        const { length } = arrival.body;
        if (waitingBytes + length > MOST_WAITING) return reject(unavailable());
        waitingBytes += length;
        let open = true;
        const end = (say: () => void): void => {
          if (!open) return;
          open = false;
          waitingBytes -= length;
          clearTimeout(late);
          say();
        };
        const waiting: Waiting = {
          arrival,
          event: readEvent(sources, arrival),
          trace: currentTrace(),
          resolve: (accepted) => end(() => resolve(accepted)),
          reject: (error) => end(() => reject(error instanceof Error ? error : new Error(String(error)))),
        };
        const late = setTimeout(() => {
          const at = queue.indexOf(waiting);
          // One that is being written may still be stored: then it is there when it is sent again.
          if (at >= 0) queue.splice(at, 1);
          waiting.reject(unavailable());
        }, ANSWER_WITHIN_MS);
        queue.push(waiting);
        pump();
      }),
  };
}

const unavailable = (cause?: unknown): AppError =>
  new AppError("database_unavailable", "The webhook cannot be stored right now; send it again.", {
    cause,
    retryAfter: RETRY_S,
  });

/** The next arrivals, no event and no change twice: the second of a pair has to find the first one stored. */
function takeBatch(queue: Waiting[]): Waiting[] {
  const seen = new Set<string>();
  const batch: Waiting[] = [];
  const later: Waiting[] = [];
  for (let waiting = queue.shift(); waiting; waiting = queue.shift()) {
    const { provider } = waiting.arrival;
    const change = waiting.event.change?.key;
    const names = [
      `event ${provider} ${eventId(waiting)}`,
      ...(change ? [`change ${provider} ${change}`] : []),
    ];
    if (batch.length === BATCH || names.some((name) => seen.has(name))) later.push(waiting);
    else batch.push(waiting);
    for (const name of names) seen.add(name);
    if (batch.length === BATCH) break;
  }
  queue.unshift(...later);
  return batch;
}
