import type { PoolClient } from "pg";
import type { AuditDraft } from "../domain/audit-entry.ts";

/** One transition on its way to disk. */
export interface Commit<State> {
  tx: PoolClient;
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
}

/** What became of it. */
export interface Committed {
  /** The segment has closed. */
  closed: boolean;
  /** Webhooks were put on their way to the merchant. */
  enqueued: boolean;
}

/** The row as locked at the start of the transition. */
export interface LockedRow {
  segment: number;
  steps: number;
  entries: number;
  segment_base: number;
  head_hash: string;
}
