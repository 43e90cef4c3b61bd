import type { AuditDraft } from "../domain/audit-entry.ts";
import type { Todo } from "../domain/todo.ts";
import type { Traceparent } from "../observe/trace.ts";
import type { Commit, Committed } from "./commit.ts";
import type { WorkflowName } from "./names.ts";

/** What the engine keeps in a state for itself. */
export interface Traced {
  /** The request or message that began it, where traces are on: what happens later is linked to it. */
  trace?: Traceparent;
}

/** A pure state machine that the engine runs durably: one per order, one per approval. */
export interface Machine<State extends Traced, Message, Effect> {
  workflow: WorkflowName;
  /** The table in schema `countersign` that holds its rows: id, state, segment, segment_open, steps. */
  table: "orders" | "approvals";
  decide(state: State, message: Message, now: Date): { state: State; entries: AuditDraft[] };
  /** Work to perform now, and when to look again though no message comes. */
  due(state: State, now: Date): Todo<Effect>[];
  wakeAt(state: State, now: Date): string | null;
  /** Nothing is expected any more: the segment may close. */
  isAtRest(state: State): boolean;
  /** Writes one transition: row, events, stream, index and webhooks, in one statement. */
  commit(commit: Commit<State>): Promise<Committed>;
  /** The message that stands for "look at the clock". */
  clock: Message;
}
