import { AsyncResource } from "node:async_hooks";
import { inTransaction, type Pool } from "../db/pool.ts";
import type { Fault } from "../engine/fault.ts";
import { isPassing } from "../engine/lost-connection.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { eventId, type Accepted, type Arrival } from "./arrival.ts";
import { createQueue, type Waiting } from "./queue.ts";
import { readEvent } from "./read.ts";
import { storeAndRoute, storeFailed, storePlain } from "./store.ts";

export type { Accepted, Arrival } from "./arrival.ts";

export interface Intake {
  /**
   * Resolves once the event is stored and sent to its order.
   * @throws AppError `database_unavailable` when that takes too long or is not possible now: the provider sends it again
   */
  accept(arrival: Arrival): Promise<Accepted>;
}

/** How many arrivals share a commit at most, and how many such commits are under way at once. */
const BATCH = 128;
const WRITERS = 2;
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
  const queue = createQueue(() => unavailable());
  let writers = 0;
  let gathering = false;

  /** What arrives in one turn of the event loop shares a commit, too. */
  function gather(): void {
    if (gathering || writers === WRITERS) return;
    gathering = true;
    setImmediate(() => {
      gathering = false;
      pump();
    });
  }

  function pump(): void {
    while (writers < WRITERS && queue.length > 0) {
      const batch = queue.take(BATCH);
      writers++;
      metrics?.batch.observe(batch.length);
      void outside.runInAsyncScope(write, null, batch).finally(() => {
        writers--;
        gather();
      });
    }
  }

  async function write(batch: Waiting[]): Promise<void> {
    try {
      fault("intake", "before");
      const taken = await storePlain(pool, batch);
      fault("intake_commit", "after");
      resolveEach(batch, taken);
      fault("intake", "after");
      const aside = batch.filter((_, i) => !taken[i]);
      if (aside.length > 0) await writeAside(aside);
    } catch (error) {
      await writeEach(
        batch.filter(({ open }) => open),
        error,
      );
    }
  }

  /** What asks for a second thought: an order at rest may have to begin again, a change may have been told before. */
  async function writeAside(batch: Waiting[]): Promise<void> {
    const { accepted, dispatch } = await inTransaction(pool, async (tx) => {
      const stored = await storeAndRoute(tx, batch, log);
      fault("intake_aside", "before");
      return stored;
    });
    fault("intake_aside", "after");
    dispatch();
    resolveEach(batch, accepted);
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
    accept(arrival) {
      const accepted = queue.add(arrival, readEvent(sources, arrival));
      gather();
      return accepted;
    },
  };
}

function resolveEach(batch: Waiting[], accepted: (Accepted | null)[]): void {
  batch.forEach((waiting, i) => {
    const result = accepted[i];
    if (result) waiting.resolve(result);
  });
}

const unavailable = (cause?: unknown): AppError =>
  new AppError("database_unavailable", "The webhook cannot be stored right now; send it again.", {
    cause,
    retryAfter: RETRY_S,
  });
