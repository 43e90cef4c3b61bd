import type { Pool } from "pg";
import { inTransaction } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { moveOn } from "./messages.ts";
import { WORKFLOW } from "./names.ts";

const SWEEP_EVERY_MS = 5_000;
/** How long a broken workflow is left alone: twice as long with each segment, so that a lasting fault does not spin. */
const FIRST_S = 5;
const AT_ONCE = 100;

const TABLE = { order: "orders", approval: "approvals" } as const;
const RECIPIENTS = ["order", "approval"] as const;

/**
 * A workflow that the engine ended with an error (a fault of ours, a database that refused) leaves its order or approval
 * without one. Nothing is lost: the state is in the row, so the next segment goes on from it, with what was unread.
 */
export function startReviver(pool: Pool, log: Log): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let idle = true;
  const timer = setInterval(() => {
    if (!idle) return;
    idle = false;
    running = revive(pool, log)
      .catch((error: unknown) => log.warn({ err: error }, "broken workflows could not be looked for"))
      .finally(() => (idle = true));
  }, SWEEP_EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

async function revive(pool: Pool, log: Log): Promise<void> {
  for (const recipient of RECIPIENTS) {
    const { rows } = await pool.query<{ id: string; segment: number; status: string }>(
      `select t.id, t.segment, w.status
         from dbos.workflow_status w
         join countersign.${TABLE[recipient]} t
           on t.id = split_part(w.workflow_uuid, ':', 1) and t.segment_open
          and w.workflow_uuid = case when t.segment = 0 then t.id else t.id || ':' || t.segment end
        where w.status in ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED') and w.name = $1
          and w.updated_at < $2 - 1000 * ${FIRST_S} * power(2, least(t.segment, 10))
        limit ${AT_ONCE}`,
      [WORKFLOW[recipient], Date.now()],
    );
    for (const { id, segment, status } of rows) {
      const dispatch = await inTransaction(pool, (tx) => moveOn(tx, recipient, { id, segment }, log));
      if (dispatch) log.error({ id, segment, status }, "a workflow broke; its next segment goes on");
      dispatch?.();
    }
  }
}
