import type { Tx } from "../db/pool.ts";
import { DBOSWorkflowConflictError } from "@dbos-inc/dbos-sdk/internal/error";
import type { AuditDraft } from "../domain/audit-entry.ts";
import type { Recording } from "./recording.ts";

/** One transition on its way to disk. */
export interface Commit<State> {
  tx: Tx;
  id: string;
  workflowId: string;
  /** The engine's number of this step within the workflow, stored with stream and event rows. */
  functionId: number;
  before: State;
  after: State;
  entries: AuditDraft[];
  now: Date;
  row: LockedRow;
  /** Nothing is expected any more: close the segment unless a message is waiting. */
  atRest: boolean;
  /** What the same statement writes for the engine. */
  recording: Recording;
}

/** What became of it. */
export interface Committed {
  /** The segment has closed. */
  closed: boolean;
  /** Webhooks were put on their way to the merchant. */
  enqueued: boolean;
  /** What it keeps as the answer to the request that created the order, as JSON. */
  answer: string | null;
}

/** What the statement of a commit says of itself. */
export interface Written extends Pick<Committed, "closed" | "enqueued"> {
  /** The workflow is still this run's. */
  owned: boolean;
}

/** @throws DBOSWorkflowConflictError when another run has taken the workflow over: nothing of this is to stay */
export function requireOwned(written: Written | undefined, workflowId: string): Written {
  if (!written?.owned) throw new DBOSWorkflowConflictError(workflowId);
  return written;
}

/** The row as locked at the start of the transition. */
export interface LockedRow {
  segment: number;
  steps: number;
  entries: number;
  segment_base: number;
  head_hash: string;
}
