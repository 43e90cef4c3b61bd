import { decodeTime } from "ulid";
import { inTransaction, type Pool } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { currentOwner, onEveryMessage, WAITING_QUEUE } from "./internals.ts";
import { isParked } from "./mailbox.ts";
import { APPLICATION_VERSION, PUBLISH_STEP, TOPIC, WORKFLOW, workflowId } from "./names.ts";
import { announceWaiting } from "./taker.ts";

// A workflow that waits for long sleeps: it is its rows, and costs no process anything. In the engine's terms it is DELAYED, until
// a message or its time puts it back into the queue; whoever takes it replays its few checkpoints and goes on.

let afterMs: number | null = null;

/** For how long a workflow waits in memory before it sleeps, in milliseconds. Null: none sleeps. */
export const sleepAfter = (ms: number | null): void => void (afterMs = ms);

/**
 * How long to wait for a message in memory now. Null: not to sleep at all, since none does or its time comes soon.
 * @param wakeAt when it looks again though no message comes; RFC 3339
 */
export const quietMs = (wakeAt: string | null, now = Date.now()): number | null =>
  afterMs === null || (wakeAt !== null && Date.parse(wakeAt) - now < 2 * afterMs) ? null : afterMs;

interface Sleeper {
  table: "orders" | "approvals";
  id: string;
  segment: number;
  steps: number;
  wakeAt: string | null;
}

/**
 * Puts the workflow that calls this to sleep, unless a message waits for it or another run has taken it over. Senders hold the
 * lock of the same row, so a message is either seen here or finds it asleep.
 * @returns whether it sleeps: its run is to be left
 */
export const fallAsleep = (pool: Pool, { table, id, segment, steps, wakeAt }: Sleeper): Promise<boolean> => {
  const owner = currentOwner();
  return inTransaction(pool, async (tx) => {
    const { rowCount: current } = await tx.query(
      `select from countersign.${table} where id = $1 and segment = $2 and segment_open and steps = $3 for update`,
      [id, segment, steps],
    );
    if (current !== 1) return false;
    const { rowCount: slept } = await tx.query(
      `update dbos.workflow_status
          set status = 'DELAYED', delay_until_epoch_ms = $3, owner_xid = null, started_at_epoch_ms = null, updated_at = $4,
              queue_name = coalesce(queue_name, '${WAITING_QUEUE}')
        where workflow_uuid = $1 and status = 'PENDING' and owner_xid = $2
          and not exists (select from dbos.notifications
                           where destination_uuid = $1 and topic = '${TOPIC}' and consumed = false)`,
      [workflowId(id, segment), owner, wakeAt === null ? null : Date.parse(wakeAt), Date.now()],
    );
    return slept === 1;
  });
};

const AT_ONCE = 5_000;

/**
 * Puts to sleep what processes have left that would only wait again: its last checkpoint says that nothing is due, and no message
 * waits. So a restart with many waiting workflows begins none of them. One that begins nevertheless would do no harm.
 * @returns how many
 */
export async function layDown(pool: Pool, executors: string[]): Promise<number> {
  if (afterMs === null) return 0;
  for (let laid = 0; ;) {
    const { rowCount } = await pool.query(LAY_DOWN, [
      executors,
      APPLICATION_VERSION,
      Object.values(WORKFLOW),
      Date.now() - afterMs,
      Date.now(),
    ]);
    laid += rowCount ?? 0;
    if ((rowCount ?? 0) < AT_ONCE) return laid;
  }
}

/** The engine wraps what a step has returned. */
const LAY_DOWN = `
with left_behind as (
  select w.workflow_uuid as id, last.output::jsonb -> 'json' as published
    from dbos.workflow_status w
   cross join lateral (
     select o.function_name, o.output from dbos.operation_outputs o
      where o.workflow_uuid = w.workflow_uuid order by o.function_id desc limit 1) last
   where w.status = 'PENDING' and w.executor_id = any($1) and w.application_version = $2 and w.name = any($3)
     and w.created_at < $4 and last.function_name = '${PUBLISH_STEP}'
     and last.output::jsonb @> '{"json": {"due": [], "closed": false}}'
     and last.output::jsonb #> '{json,due}' = '[]'
     and not exists (select from dbos.notifications n
                      where n.destination_uuid = w.workflow_uuid and n.topic = '${TOPIC}' and n.consumed = false)
   limit ${AT_ONCE}
)
update dbos.workflow_status w
   set status = 'DELAYED', owner_xid = null, started_at_epoch_ms = null, updated_at = $5,
       queue_name = coalesce(queue_name, '${WAITING_QUEUE}'),
       delay_until_epoch_ms = extract(epoch from (published ->> 'wake_at')::timestamptz) * 1000
  from left_behind l where w.workflow_uuid = l.id and w.status = 'PENDING' and w.executor_id = any($1)`;

/** Puts those of these workflows that sleep back into the queue. */
export async function wakeSleepers(pool: Pool, workflows: string[]): Promise<void> {
  const { rowCount } = await pool.query(
    `update dbos.workflow_status set status = 'ENQUEUED', delay_until_epoch_ms = null, updated_at = $2
      where workflow_uuid = any($1) and status = 'DELAYED'`,
    [workflows, Date.now()],
  );
  if (rowCount) announceWaiting();
}

/** Wakes those that sleep as soon as a message to them is heard of; what is not heard the nudger finds. */
export function startWaker(pool: Pool, log: Log): { stop(): Promise<void> } {
  const suffix = `::${TOPIC}`;
  const heard = new Set<string>();
  let running: Promise<void> | null = null;

  async function wakeAll(): Promise<void> {
    // What is heard in the same moment is asked for together.
    await new Promise((resolve) => setImmediate(resolve));
    while (heard.size > 0) {
      const workflows = [...heard];
      heard.clear();
      await wakeSleepers(pool, workflows);
    }
  }

  const off = onEveryMessage((key) => {
    if (!key.endsWith(suffix)) return;
    const workflow = key.slice(0, -suffix.length);
    if (isParked(workflow) || isYoung(workflow)) return;
    heard.add(workflow);
    running ??= wakeAll()
      .catch((error: unknown) => log.warn({ err: error }, "sleeping workflows could not be woken"))
      .finally(() => (running = null));
  });
  return {
    async stop() {
      off();
      await running;
    },
  };
}

/** Whether it is too young to sleep: of most messages nothing is asked, since they come to a young order. Clocks may differ. */
function isYoung(workflow: string): boolean {
  if (afterMs === null) return true;
  try {
    return Date.now() - decodeTime(workflow.slice(4, 30).toUpperCase()) < afterMs / 2;
  } catch {
    return false;
  }
}
