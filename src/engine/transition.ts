import { DBOS } from "@dbos-inc/dbos-sdk";
import type { Span } from "@opentelemetry/api";
import type { PoolClient } from "pg";
import { GENESIS } from "../domain/audit-chain.ts";
import { openPayload, ownerOfMessage } from "../db/payloads.ts";
import type { AuditDraft } from "../domain/audit-entry.ts";
import type { Todo } from "../domain/todo.ts";
import { currentTrace, fail, startSpan, traceparentOf, type Traceparent } from "../observe/trace.ts";
import type { Commit, Committed, LockedRow } from "./commit.ts";
import type { Followed, Journal } from "./journal.ts";
import { isPassing, LostConnection } from "./lost-connection.ts";
import type { Machine, Traced } from "./machine.ts";
import { TOPIC, workflowId } from "./names.ts";
import { announceEnqueued } from "./outbox.ts";
import type { Recording } from "./recording.ts";

/** What the loop needs to go on: stored as the step's checkpoint, so a replay follows what was decided then. */
export interface Published<Effect> {
  due: Todo<Effect>[];
  wake_at: string | null;
  closed: boolean;
  /** Where traces are on: what is due is done as part of it, also by whoever takes over. */
  trace?: Traceparent;
}

/** A transition that this process has committed, for whoever watches. */
export interface Transition<State> {
  before: State;
  after: State;
  now: Date;
  /** It had taken no message before. */
  first: boolean;
  /** The answer that it keeps for the request which created the order, as JSON. */
  answer: string | null;
  /** How long it took, commit included. */
  seconds: number;
}

/** What a transition is decided on. */
interface Writing<State, Message, Effect> {
  id: string;
  workflowId: string;
  functionId: number;
  row: LockedRow;
  before: State;
  /** What came of the work that the last transition asked for. */
  outcomes: Message[];
  messages: (Message & Traced)[];
  record: (open: Published<Effect>, closed: Published<Effect>) => Promise<Recording>;
}

/**
 * One transition, in one commit: takes every waiting message, decides each, and writes row, events, stream, index and the
 * engine's checkpoint together. This is `recv` and `setEvent` and `writeStream` in one transaction instead of nine; the
 * rows it writes are the engine's own, so its readers work as ever.
 *
 * The row is locked first. A router holds the same lock while it sends, so a segment that finds no message and closes
 * can not miss one.
 * @param onTake called right before the messages are taken: one that is heard of later may be another
 */
export async function publish<State extends Traced, Message, Effect>(
  machine: Machine<State, Message, Effect>,
  { id, segment, outcomes }: { id: string; segment: number; outcomes: Message[] },
  journal: Journal,
  onTake: () => void,
): Promise<Followed<State, Effect>> {
  const workflow = workflowId(id, segment);
  const start = performance.now();
  const spans: Span[] = [];
  let enqueued = false;
  try {
    const { published, transition } = await journal.transition<State, Effect>(
      async ({ tx, functionId, record }) => {
        onTake();
        try {
          const { state, messages, ...row } = await take<State, Message>(
            tx,
            machine.table,
            id,
            workflow,
            functionId,
          );
          const written = await write(
            machine,
            { id, workflowId: workflow, functionId, row, before: state, outcomes, messages, record },
            (commit) => machine.commit({ ...commit, tx }),
            (span) => spans.push(span),
          );
          if (!written) throw new Error("a transition was not written");
          enqueued = written.enqueued;
          return written;
        } catch (error) {
          throw isPassing(error) ? new LostConnection(error) : error;
        }
      },
    );
    if (enqueued) announceEnqueued();
    const seconds = (performance.now() - start) / 1000;
    return { published, transition: transition && { ...transition, seconds } };
  } catch (error) {
    for (const span of spans) fail(span, error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

/**
 * The transition that a workflow begins with, committed with what makes its order or approval: the message that it begins with is
 * decided there and then, and is never a row.
 * @param commit writes it; null when it was not to be written
 * @returns also whether webhooks were put on their way, to be announced after the commit
 */
export async function publishFirst<State extends Traced, Message, Effect>(
  machine: Machine<State, Message, Effect>,
  { id, state, message }: { id: string; state: State; message: Message },
  record: Writing<State, Message, Effect>["record"],
  commit: Writer<State>,
): Promise<(Followed<State, Effect> & { enqueued: boolean }) | null> {
  const start = performance.now();
  const spans: Span[] = [];
  const trace = currentTrace();
  const row: LockedRow = { segment: 0, steps: 0, entries: 0, segment_base: 0, head_hash: GENESIS };
  const messages = [{ ...message, ...(trace === undefined ? {} : { trace }) }];
  try {
    const written = await write(
      machine,
      { id, workflowId: id, functionId: 0, row, before: state, outcomes: [], messages, record },
      commit,
      (span) => spans.push(span),
    );
    if (!written) return null;
    const { published, enqueued, transition } = written;
    return {
      published,
      enqueued,
      transition: transition && { ...transition, seconds: (performance.now() - start) / 1000 },
    };
  } catch (error) {
    for (const span of spans) fail(span, error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

type Writer<State> = (commit: Omit<Commit<State>, "tx">) => Promise<Committed | null>;

async function write<State extends Traced, Message, Effect>(
  machine: Machine<State, Message, Effect>,
  writing: Writing<State, Message, Effect>,
  commit: Writer<State>,
  onSpan: (span: Span) => void,
): Promise<(Followed<State, Effect> & { enqueued: boolean }) | null> {
  const { id, row, before, outcomes } = writing;
  const now = new Date();
  const messages = writing.messages.map(({ trace: _, ...message }) => message as unknown as Message);
  const traces = writing.messages.flatMap(({ trace }) => trace ?? []);
  const here = currentTrace();
  const { span } = startSpan(`${machine.workflow} decide`, {
    attributes: { [`countersign.${machine.workflow}_id`]: id },
    // Who sent a message began this, also where outcomes of earlier work came with it.
    parent: traces[0],
    links: [before.trace, ...traces.slice(1), traces[0] === here ? undefined : traces[0] && here],
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
  const goesOn = { wake_at: machine.wakeAt(after, now), ...(trace === undefined ? {} : { trace }) };
  const open = { due: machine.due(after, now), closed: false, ...goesOn };
  const close = { due: [], closed: true, ...goesOn };
  const recording = await writing.record(open, close);
  const atRest = machine.isAtRest(after);
  const committed = await commit({ ...writing, after, entries, now, atRest, recording });
  if (!committed) return null;
  const { closed, enqueued, answer } = committed;
  const first = row.segment === 0 && row.steps === 0;
  return {
    published: closed ? close : open,
    enqueued,
    transition: { before, after, now, first, answer, seconds: 0 },
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
  const { rows } = await tx.query<LockedRow & { state: State; taken: [uuid: string, message: string][] }>(
    `with taken as (
       update dbos.notifications set consumed = true, consumed_by_function_id = $3
        where destination_uuid = $2 and topic = '${TOPIC}' and consumed = false
        returning message, created_at_epoch_ms, message_uuid)
     select state, segment, steps, ${chain},
            (select coalesce(json_agg(json_build_array(message_uuid, message) order by created_at_epoch_ms, message_uuid), '[]')
               from taken) as taken
       from countersign.${table} where id = $1 for update`,
    [id, workflowId, functionId],
  );
  const row = rows[0];
  if (!row) throw new Error(`${table}: no row ${id}`);
  const { taken, ...locked } = row;
  const messages = taken.map(
    ([uuid, message]) => JSON.parse(openPayload(message, ownerOfMessage(uuid))) as Message & Traced,
  );
  return { ...locked, messages };
}
