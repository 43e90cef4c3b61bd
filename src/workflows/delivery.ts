import { claimDue, endpointsWithDue, type ClaimedDelivery } from "../db/webhook-deliveries.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { onEnqueued } from "../engine/outbox.ts";
import { tryDelivery, type TryDeps } from "./delivery-try.ts";
import { startUpkeep, type UpkeepDeps } from "./delivery-upkeep.ts";

export interface Deliveries {
  /** Something may be due. */
  wake(): void;
  /** Takes no more, lets tries under way end, and breaks off those that take long: others make them again. */
  stop(): Promise<void>;
}

export interface DeliveryDeps extends Omit<TryDeps, "signal" | "onDisabled">, UpkeepDeps {
  pool: Pool;
}

/** Tries side by side at one endpoint, over all processes; one where the last try failed. */
const MOST_AT_ENDPOINT = 5;
/** Endpoints looked at in one go. */
const ENDPOINTS = 100;
/** How often to look although nothing was heard: for retries, and for what another process enqueued and left. */
const LOOK_EVERY_MS = 2_000;
/** How long tries under way may take once the service stops. */
const PATIENCE_MS = 3_000;

/**
 * Delivers webhooks: at least once, each by whichever process is free.
 *
 * A delivery's row is its whole state, so it needs no workflow of the engine's. It commits with the transition that it tells
 * of; a try is a claim, a request and a record, each one statement or transaction; after a crash the executor's lease runs
 * out, its claims are free, and the same try is made again, with the same id and bytes. What a workflow would add is what is
 * not wanted here: some twenty statements for each delivery instead of three, a timer in memory for each wait of hours, and a
 * recorded history that a retry by hand would have to contradict.
 *
 * No endpoint delays another: each has its own few places, there is no queue that they share, and one that fails has one place.
 */
export function startDeliveries(deps: DeliveryDeps): Deliveries {
  const { pool, log, fault } = deps;
  const breaking = new AbortController();
  const underWay = new Set<Promise<void>>();
  let stopping = false;
  let looking = false;
  let again = false;
  let last: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    looking = true;
    try {
      for (again = true; again && !stopping;) await lookOnce();
    } catch (error) {
      log.warn({ err: error }, "webhooks to deliver could not be looked for");
    }
    looking = false;
  }

  async function lookOnce(): Promise<void> {
    again = false;
    const endpoints = await endpointsWithDue(pool, ENDPOINTS);
    if (endpoints.length === 0) return;
    fault("webhook_claim", "before");
    // Another one after this process was taken for dead.
    const executor = deps.executorId;
    const claimed = await inTransaction(pool, (tx) =>
      claimDue(tx, endpoints, { executor, most: MOST_AT_ENDPOINT }),
    );
    fault("webhook_claim", "after");
    for (const delivery of claimed) begin(delivery, executor);
  }

  function begin(delivery: ClaimedDelivery, executor: string): void {
    const attempt = tryDelivery({ ...trying, executorId: executor }, delivery)
      .catch((error: unknown) =>
        log.error({ err: error, delivery_id: delivery.id }, "a webhook could not be tried"),
      )
      .then(() => {
        underWay.delete(attempt);
        wake();
      });
    underWay.add(attempt);
  }

  function wake(): void {
    again = true;
    if (!looking && !stopping) last = look();
  }

  const upkeep = startUpkeep(deps);
  const trying = { ...deps, signal: breaking.signal, onDisabled: () => upkeep.tell() };
  const off = onEnqueued(wake);
  const timer = setInterval(wake, LOOK_EVERY_MS);
  timer.unref();
  wake();
  return {
    wake,
    async stop() {
      stopping = true;
      off();
      clearInterval(timer);
      const late = setTimeout(() => breaking.abort(), PATIENCE_MS);
      await last;
      await Promise.all([...underWay, upkeep.stop()]);
      clearTimeout(late);
    },
  };
}
