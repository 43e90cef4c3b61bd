import { setTimeout as sleep } from "node:timers/promises";
import { forgetKeysBefore } from "../db/idempotency-keys.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import { derivedId } from "../domain/derived-id.ts";
import type { Log } from "../log.ts";

/** Tables of the engine that no foreign key empties when a workflow's row goes. */
const PAYLOADS = ["workflow_input", "workflow_output", "operation_outputs"];

/**
 * Deletes what the engine keeps of finished workflows, within the caller's transaction: its own call for that commits by
 * itself. Messages, events and streams go with the row. Workflows that have not finished are left alone.
 */
export async function forgetWorkflows(tx: Tx, workflows: readonly string[]): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(
    `select workflow_uuid as id from dbos.workflow_status
      where workflow_uuid = any($1) and status not in ('PENDING', 'ENQUEUED', 'DELAYED')`,
    [workflows],
  );
  const finished = rows.map(({ id }) => id);
  for (const table of PAYLOADS)
    await tx.query(`delete from dbos.${table} where workflow_uuid = any($1)`, [finished]);
  await tx.query("delete from dbos.workflow_status where workflow_uuid = any($1)", [finished]);
}

/** For how long a workflow that ended well could still be replayed, for whoever looks into what it did. */
const REPLAYS_KEPT_DAYS = 30;
/** For how long the same request is known to be the same; a merchant's retries end within days. */
const KEYS_KEPT_DAYS = 90;
const EVERY_MS = 10 * 60_000;
const BATCH = 200;
const DAY_MS = 86_400_000;

/** Ids begin with these and go on with their time, so that what is old is a span of the index. */
const PREFIXES = ["apr", "ord"];

/**
 * Deletes what only a replay needs of workflows that ended well before `time`: checkpoints, inputs, consumed messages and older
 * values of events. Their rows, newest events and trails stay, with or without an archive. What is deleted is no longer found, so
 * a pass reads what is open and what is new. @returns how many workflows
 */
export async function forgetReplays(pool: Pool, time: Date, signal?: AbortSignal): Promise<number> {
  let forgotten = 0;
  for (const prefix of PREFIXES) {
    const before = derivedId(prefix, time, "");
    for (let after: string | undefined = `${prefix}_`; after !== undefined && !signal?.aborted;) {
      const { rows }: { rows: { id: string; over: boolean }[] } = await pool.query(
        `select found.id, coalesce(w.status = 'SUCCESS' and w.completed_at < $3, true) as over
           from (select distinct workflow_uuid as id from dbos.operation_outputs
                  where workflow_uuid > $1 and workflow_uuid < $2 order by 1 limit ${BATCH}) found
           left join dbos.workflow_status w on w.workflow_uuid = found.id order by found.id`,
        [after, before, time.getTime()],
      );
      const over = rows.filter((row) => row.over).map(({ id }) => id);
      await inTransaction(pool, (tx) => forgetSteps(tx, over));
      forgotten += over.length;
      after = rows.length < BATCH ? undefined : rows.at(-1)?.id;
    }
  }
  return forgotten;
}

async function forgetSteps(tx: Tx, workflows: readonly string[]): Promise<void> {
  for (const table of [...PAYLOADS, "workflow_events_history"])
    await tx.query(`delete from dbos.${table} where workflow_uuid = any($1)`, [workflows]);
  await tx.query("delete from dbos.notifications where destination_uuid = any($1) and consumed", [workflows]);
  // A segment begins with the events of the one before, which nobody reads any more.
  await tx.query(
    `delete from dbos.workflow_events where workflow_uuid in (
       select case when earlier = 0 then order_id else order_id || ':' || earlier end
         from (select split_part(id, ':', 1) as order_id, split_part(id, ':', 2)::int as segment
                 from unnest($1::text[]) as id where id like '%:%') as later
        cross join lateral generate_series(0, segment - 1) as earlier)`,
    [workflows],
  );
}

/** Deletes the idempotency keys of requests that made their object before `time`. @returns how many */
export async function forgetKeys(pool: Pool, time: Date, signal?: AbortSignal): Promise<number> {
  for (let forgotten = 0; ;) {
    const keys = signal?.aborted ? 0 : await forgetKeysBefore(pool, time, BATCH);
    if (keys === 0) return forgotten;
    forgotten += keys;
  }
}

/** Does both now and then; a process that finds another at it leaves it alone. */
export function startForgetting(pool: Pool, log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pass = async (): Promise<void> => {
    const client = await pool.connect();
    try {
      // Ends with the connection at the latest.
      const { rows } = await client.query<{ ours: boolean }>(
        "select pg_try_advisory_lock(hashtext('countersign.replays')) as ours",
      );
      if (!rows[0]?.ours) return;
      const forgotten = await forgetReplays(pool, new Date(Date.now() - REPLAYS_KEPT_DAYS * DAY_MS), signal);
      if (forgotten > 0)
        log.info({ workflows: forgotten }, "steps of workflows that are long over were deleted");
      const keys = await forgetKeys(pool, new Date(Date.now() - KEYS_KEPT_DAYS * DAY_MS), signal);
      if (keys > 0) log.info({ keys }, "old idempotency keys were deleted");
    } finally {
      client.release(true);
    }
  };
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await pass().catch((error: unknown) => log.warn({ err: error }, "old steps could not be deleted"));
      await sleep(EVERY_MS, undefined, { ref: false, signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
