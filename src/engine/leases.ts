import { getExecutor } from "@dbos-inc/dbos-sdk/internal/dbos";
import type { Pool } from "pg";
import type { Log } from "../log.ts";

const RENEW_EVERY_MS = 1_000;
/** A process that has not renewed for this long is taken for dead. */
const LEASE_S = 4;
/**
 * When a dead process's workflows are looked for once more: the server may commit what it sent last after its lease has run
 * out, and nobody would know of that workflow.
 */
const LOOK_AGAIN_MS = 10_000;
/** Who holds this advisory lock in its transaction is the leader of the moment. */
const LEADER_LOCK = 0x636f_756e;

interface Options {
  pool: Pool;
  executorId: string;
  exclusive: boolean;
  log: Log;
}

/**
 * Holds this process's lease and hands the workflows of processes whose lease has run out to the living. The engine's own
 * ownership token stops a process that was only slow from writing afterwards.
 */
export async function startLeases({
  pool,
  executorId,
  exclusive,
  log,
}: Options): Promise<{ stop(): Promise<void> }> {
  const recovered = new Map<string, number>();
  await renewLease(pool, executorId);
  await recoverDead(pool, executorId, recovered, exclusive);
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running
      .then(() => renewLease(pool, executorId))
      .then(() => recoverDead(pool, executorId, recovered, false))
      .catch((error: unknown) => log.warn({ err: error }, "the lease could not be renewed"));
  }, RENEW_EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
      // An ended lease says "take mine now": another process, or our own next start, need not wait for it to run out.
      await pool
        .query("update countersign.executors set lease_until = now() - interval '1 second' where id = $1", [
          executorId,
        ])
        .catch(() => undefined);
    },
  };
}

/** Says that this process lives, for the next seconds. */
export const renewLease = (pool: Pool, id: string) =>
  pool.query(
    `insert into countersign.executors (id, lease_until) values ($1, now() + interval '${LEASE_S} seconds')
     on conflict (id) do update set lease_until = excluded.lease_until`,
    [id],
  );

/** Puts the pending workflows of dead executors back into the queue, from which any living process takes them. */
async function recoverDead(
  pool: Pool,
  self: string,
  recovered: Map<string, number>,
  all: boolean,
): Promise<void> {
  const tx = await pool.connect();
  try {
    await tx.query("begin");
    const { rows: leader } = await tx.query<{ leads: boolean }>(
      "select pg_try_advisory_xact_lock($1) as leads",
      [LEADER_LOCK],
    );
    if (leader[0]?.leads) {
      const { rows: dead } = await tx.query<{ id: string }>(
        "select id from countersign.executors where id <> $1 and ($2 or lease_until < now())",
        [self, all],
      );
      const now = Date.now();
      const ids = dead
        .map((row) => row.id)
        .filter((id) => now - (recovered.get(id) ?? -Infinity) >= LOOK_AGAIN_MS);
      if (ids.length > 0) await getExecutor().recoverPendingWorkflows(ids);
      const done = ids.filter((id) => recovered.delete(id));
      for (const id of ids) if (!done.includes(id)) recovered.set(id, now);
      if (done.length > 0) await tx.query("delete from countersign.executors where id = any($1)", [done]);
    }
    await tx.query("commit");
    tx.release();
  } catch (error) {
    tx.release(true);
    throw error;
  }
}
