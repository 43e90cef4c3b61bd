import type { Pool } from "../db/pool.ts";
import { isRunning, WAITING_QUEUE } from "./internals.ts";

// Workflows that are under way by their rows and that nobody runs.

/** Whoever begins a workflow has begun it so long after its row says so. */
const BEGUN_WITHIN_MS = 30_000;
/** Clocks may differ by that much between a process and the database. */
const SKEW_MS = 5_000;
const OVERLAP_MS = 60_000;
/** How often all of them are looked at, not only those that began lately. */
const ALL_EVERY_MS = 10 * 60_000;
/** A run that the engine knows and that did not begin for so long never will. */
const ON_ITS_WAY_MS = 5 * 60_000;

/** When the newest run of each workflow began here, by the clock that the engine's rows have. */
const begun = new Map<string, number>();
/**
 * Workflows whose run came to its end here, and when: its row says so soon, unless that was not written, or the run found when it
 * was to be that another one goes on.
 */
const finished = new Map<string, number>();
/** Runs that were left where they were: the row says that another one goes on. */
const left = new Set<string>();

/** Notes that a run begins here. @returns what to call when it is over */
export function noteRun(workflow: string): () => void {
  const at = Date.now();
  begun.set(workflow, at);
  finished.delete(workflow);
  return () => {
    if (begun.get(workflow) !== at) return;
    begun.delete(workflow);
    finished.set(workflow, Date.now());
  };
}

/**
 * A run found that it is not the one that the row names, and ended. The one that is named may never have begun, since the commit
 * that took it from the queue was not answered.
 */
export const lookAfter = (workflow: string): void => void left.add(workflow);

/** What is looked up here: the engine has no index by executor. */
export const indexRunningWorkflows = (pool: Pool) =>
  pool.query(
    `create index if not exists countersign_running_workflows
         on dbos.workflow_status (executor_id, updated_at) where status = 'PENDING'`,
  );

/** Executors that have work and no lease; one member looks for all. Walks from one executor to the next in the index. */
export async function findStrays(pool: Pool, self: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `with recursive holder as (
       (select executor_id as id from dbos.workflow_status
         where status = 'PENDING' and (select min(id) from countersign.executors) = $1
         order by executor_id limit 1)
       union all
       select (select executor_id from dbos.workflow_status
                where status = 'PENDING' and executor_id > holder.id order by executor_id limit 1)
         from holder where holder.id is not null)
     select id from holder
      where id is not null and not exists (select from countersign.executors e where e.id = holder.id)`,
    [self],
  );
  return rows.map((row) => row.id);
}

/**
 * Puts back into the queue what is this process's own and does not run here: the commit that began it, or the one that took it
 * from the queue, was lost on its way back, so nobody knew of it. A run from before that does not count: the engine's ownership
 * token lets it write nothing. The same token stops a run that is mistaken for none.
 */
export function createRecollection(pool: Pool): (self: string) => Promise<string[]> {
  let of = "";
  let seen = 0;
  let allAt = 0;
  return async (self) => {
    const now = Date.now();
    const all = self !== of || now >= allAt;
    const ended = [...finished].filter(([, at]) => at < now - BEGUN_WITHIN_MS).map(([id]) => id);
    const looked = [...left, ...ended];
    const { rows } = await pool.query<{ id: string; updated_at: number }>(
      `select workflow_uuid as id, updated_at from dbos.workflow_status
        where status = 'PENDING' and executor_id = $1 and updated_at >= $2 and updated_at < $3
       union
       select workflow_uuid, updated_at from dbos.workflow_status
        where status = 'PENDING' and executor_id = $1 and workflow_uuid = any($4)`,
      [self, all ? 0 : seen - OVERLAP_MS, now - BEGUN_WITHIN_MS, looked],
    );
    // Of thousands that were taken at once the last begin late; the engine knows them all at once.
    const isOnItsWay = (id: string, since: number) =>
      isRunning(id) && !begun.has(id) && !finished.has(id) && since >= now - ON_ITS_WAY_MS;
    const isServed = (id: string, since: number) =>
      (begun.get(id) ?? 0) >= since - SKEW_MS || isOnItsWay(id, since);
    const forgotten = rows.filter((row) => !isServed(row.id, row.updated_at)).map(({ id }) => id);
    if (forgotten.length > 0) await putBack(pool, self, forgotten);
    for (const id of looked) left.delete(id);
    for (const id of ended)
      if (isRunning(id)) finished.set(id, now);
      else finished.delete(id);
    if (all) [of, allAt] = [self, now + ALL_EVERY_MS];
    seen = now;
    return forgotten;
  };
}

/** As the engine puts back what a dead executor had, for single workflows. */
const putBack = (pool: Pool, self: string, workflows: string[]) =>
  pool.query(
    `update dbos.workflow_status
        set status = 'ENQUEUED', owner_xid = null, started_at_epoch_ms = null, updated_at = $4,
            queue_name = coalesce(queue_name, $3)
      where status = 'PENDING' and executor_id = $1 and workflow_uuid = any($2)`,
    [self, workflows, WAITING_QUEUE, Date.now()],
  );
