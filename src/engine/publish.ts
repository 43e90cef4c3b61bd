import { DBOS } from "@dbos-inc/dbos-sdk";
import { runTransactionalInternalStep } from "@dbos-inc/dbos-sdk/internal/dbos";
import type { Span } from "@opentelemetry/api";
import type { PoolClient } from "pg";
import type { AuditDraft } from "../domain/audit-entry.ts";
import type { Todo } from "../domain/todo.ts";
import { currentTrace, fail, startSpan, traceparentOf, type Traceparent } from "../observe/trace.ts";
import type { LockedRow } from "./commit.ts";
import { currentFunctionId } from "./internals.ts";
import { isPassing, LostConnection } from "./lost-connection.ts";
import type { Machine, Traced } from "./machine.ts";
import { PUBLISH_STEP, TOPIC } from "./names.ts";
import { announceEnqueued } from "./outbox.ts";

/** What the loop needs to go on: stored as the step's checkpoint, so a replay follows what was decided then. */
export interface Published<Effect> {
  due: Todo<Effect>[];
  wake_at: string | null;
  closed: boolean;
  /** Where traces are on: what is due is done as part of it, also by whoever takes over. */
  trace?: Traceparent;
}

/** A transition that this call has committed, for whoever watches. */
export interface Transition<State> {
  before: State;
  after: State;
  now: Date;
  /** It had taken no message before. */
  first: boolean;
  /** How long it took, commit included. */
  seconds: number;
}

/**
 * One transition, in one commit: takes every waiting message, decides each, and writes row, events, stream, index and the
 * engine's checkpoint together. This is `recv` and `setEvent` and `writeStream` in one transaction instead of nine; the
 * rows it writes are the engine's own, so its readers work as ever.
 *
 * The row is locked first. A router holds the same lock while it sends, so a segment that finds no message and closes
 * can not miss one.
 */
export async function publish<State extends Traced, Message, Effect>(
  machine: Machine<State, Message, Effect>,
  id: string,
  outcomes: Message[],
): Promise<{ published: Published<Effect>; transition: Transition<State> | null }> {
  const workflowId = DBOS.workflowID;
  if (workflowId === undefined) throw new Error("publish runs in a workflow");
  // Stays empty where a replay follows what an earlier run had recorded.
  const written: { enqueued?: boolean; transition?: Omit<Transition<State>, "seconds"> } = {};
  const start = performance.now();
  const spans: Span[] = [];
  try {
    const published = await runTransactionalInternalStep(async (tx) => {
      if (!tx) throw new Error("publish runs in a workflow, not in a step");
      try {
        const result = await transition(tx, machine, id, outcomes, workflowId, (span) => spans.push(span));
        Object.assign(written, result);
        return result.published;
      } catch (error) {
        throw isPassing(error) ? new LostConnection(error) : error;
      }
    }, PUBLISH_STEP);
    if (written.enqueued) announceEnqueued();
    const seconds = (performance.now() - start) / 1000;
    return { published, transition: written.transition ? { ...written.transition, seconds } : null };
  } catch (error) {
    for (const span of spans) fail(span, error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

async function transition<State extends Traced, Message, Effect>(
  tx: PoolClient,
  machine: Machine<State, Message, Effect>,
  id: string,
  outcomes: Message[],
  workflowId: string,
  onSpan: (span: Span) => void,
): Promise<{
  published: Published<Effect>;
  enqueued: boolean;
  transition: Omit<Transition<State>, "seconds">;
}> {
  const functionId = currentFunctionId();
  const now = new Date();
  const {
    state: before,
    messages: sent,
    ...row
  } = await take<State, Message>(tx, machine.table, id, workflowId, functionId);
  const messages = sent.map(({ trace: _, ...message }) => message as unknown as Message);
  const traces = sent.flatMap(({ trace }) => trace ?? []);
  const { span } = startSpan(`${machine.workflow} decide`, {
    attributes: { [`countersign.${machine.workflow}_id`]: id },
    // Who sent a message began this, also where outcomes of earlier work came with it.
    parent: traces[0],
    links: [before.trace, ...traces.slice(1), traces[0] && currentTrace()],
  });
  onSpan(span);
  const trace = traceparentOf(span);
  let after =
    before.trace === undefined && traces[0] !== undefined ? { ...before, trace: traces[0] } : before;
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
  const wake_at = machine.wakeAt(after, now);
  return {
    published: { due, wake_at, closed, ...(trace === undefined ? {} : { trace }) },
    enqueued,
    transition: { before, after, now, first: row.segment === 0 && row.steps === 0 },
  };
}

/** A message that a fault of ours makes undecidable is told and set aside: it must not end the workflow for good. */
function decide<State extends Traced, Message, Effect>(
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
async function take<State extends Traced, Message>(
  tx: PoolClient,
  table: string,
  id: string,
  workflowId: string,
  functionId: number,
): Promise<LockedRow & { state: State; messages: (Message & Traced)[] }> {
  const chain =
    table === "orders"
      ? "entries, segment_base, head_hash"
      : "0 as entries, 0 as segment_base, '' as head_hash";
  const { rows } = await tx.query<LockedRow & { state: State; messages: (Message & Traced)[] }>(
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
