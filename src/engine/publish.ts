import { DBOS } from "@dbos-inc/dbos-sdk";
import { runTransactionalInternalStep } from "@dbos-inc/dbos-sdk/internal/dbos";
import type { PoolClient } from "pg";
import type { AuditDraft } from "../domain/audit-entry.ts";
import type { Todo } from "../domain/todo.ts";
import type { LockedRow } from "./commit.ts";
import { currentFunctionId } from "./internals.ts";
import { isPassing, LostConnection } from "./lost-connection.ts";
import type { Machine } from "./machine.ts";
import { PUBLISH_STEP, TOPIC } from "./names.ts";
import { announceEnqueued } from "./outbox.ts";

/** What the loop needs to go on: stored as the step's checkpoint, so a replay follows what was decided then. */
export interface Published<Effect> {
  due: Todo<Effect>[];
  wake_at: string | null;
  closed: boolean;
}

/**
 * One transition, in one commit: takes every waiting message, decides each, and writes row, events, stream, index and the
 * engine's checkpoint together. This is `recv` and `setEvent` and `writeStream` in one transaction instead of nine; the
 * rows it writes are the engine's own, so its readers work as ever.
 *
 * The row is locked first. A router holds the same lock while it sends, so a segment that finds no message and closes
 * can not miss one.
 */
export async function publish<State, Message, Effect>(
  machine: Machine<State, Message, Effect>,
  id: string,
  outcomes: Message[],
): Promise<Published<Effect>> {
  const workflowId = DBOS.workflowID;
  if (workflowId === undefined) throw new Error("publish runs in a workflow");
  let enqueued = false;
  const published = await runTransactionalInternalStep(async (tx) => {
    if (!tx) throw new Error("publish runs in a workflow, not in a step");
    try {
      const result = await transition(tx, machine, id, outcomes, workflowId);
      enqueued = result.enqueued;
      return result.published;
    } catch (error) {
      throw isPassing(error) ? new LostConnection(error) : error;
    }
  }, PUBLISH_STEP);
  if (enqueued) announceEnqueued();
  return published;
}

async function transition<State, Message, Effect>(
  tx: PoolClient,
  machine: Machine<State, Message, Effect>,
  id: string,
  outcomes: Message[],
  workflowId: string,
): Promise<{ published: Published<Effect>; enqueued: boolean }> {
  const functionId = currentFunctionId();
  const now = new Date();
  const {
    state: before,
    messages,
    ...row
  } = await take<State, Message>(tx, machine.table, id, workflowId, functionId);
  let after = before;
  const entries: AuditDraft[] = [];
  for (const message of [...outcomes, ...messages, machine.clock]) {
    const decided = decide(machine, after, message, now);
    after = decided.state;
    entries.push(...decided.entries);
  }
  const atRest = machine.isAtRest(after);
  const commit = { tx, id, workflowId, functionId, before, after, entries, now, row, atRest };
  const { closed, enqueued } = await machine.commit(commit);
  const due = closed ? [] : machine.due(after, now);
  return { published: { due, wake_at: machine.wakeAt(after, now), closed }, enqueued };
}

/** A message that a fault of ours makes undecidable is told and set aside: it must not end the workflow for good. */
function decide<State, Message, Effect>(
  machine: Machine<State, Message, Effect>,
  state: State,
  message: Message,
  now: Date,
) {
  try {
    return machine.decide(state, message, now);
  } catch (error) {
    DBOS.logger.error(error);
    const data = { message: JSON.stringify(message).slice(0, 500), error: String(error) };
    return {
      state,
      entries: [{ type: "message.failed", actor: { type: "system" as const, id: "countersign" }, data }],
    };
  }
}

/** Locks the row and takes the waiting messages, in one round trip. */
async function take<State, Message>(
  tx: PoolClient,
  table: string,
  id: string,
  workflowId: string,
  functionId: number,
): Promise<LockedRow & { state: State; messages: Message[] }> {
  const chain =
    table === "orders"
      ? "entries, segment_base, head_hash"
      : "0 as entries, 0 as segment_base, '' as head_hash";
  const { rows } = await tx.query<LockedRow & { state: State; messages: Message[] }>(
    `with taken as (
       update dbos.notifications set consumed = true, consumed_by_function_id = $3
        where destination_uuid = $2 and topic = '${TOPIC}' and consumed = false
        returning message::json, created_at_epoch_ms, message_uuid)
     select state, segment, steps, ${chain},
            (select coalesce(json_agg(message order by created_at_epoch_ms, message_uuid), '[]') from taken) as messages
       from countersign.${table} where id = $1 for update`,
    [id, workflowId, functionId],
  );
  const row = rows[0];
  if (!row) throw new Error(`${table}: no row ${id}`);
  return row;
}
