/** A step's outcome as a row of the engine's. */
export interface Checkpoint {
  function_id: number;
  function_name: string;
  output: string;
  /** The output when this transition closes the segment, where that makes a difference. */
  output_closed: string | null;
  serialization: string | null;
  /** Milliseconds since 1970. */
  started: number;
  ended: number;
}

/** What a transition's statement records for the engine beside what it changes. */
export interface Recording {
  /**
   * The token of the run that writes: another run that has taken the workflow over has another one. Null where nobody else can have
   * it, since it begins in this transaction, or where the engine itself asks.
   */
  owner: string | null;
  checkpoints: Checkpoint[];
}

/** The engine records by itself. */
export const UNRECORDED: Recording = { owner: null, checkpoints: [] };

/** As the engine writes it where a workflow returns nothing. */
const NOTHING = "null";

const NOW_MS = "(extract(epoch from now()) * 1000)::bigint";

/**
 * Common table expressions that belong to a statement which has `changed (closed)`, one row: they write the checkpoints and, when
 * the segment closes, the workflow's end, as the engine does in transactions of its own. `owned` then says whether the run
 * that writes still has the workflow: if not, the transaction is to be rolled back.
 */
export const recording = ({
  workflow,
  checkpoints,
  owner,
}: Record<"workflow" | "checkpoints" | "owner", string>) => `
recorded as (
  insert into dbos.operation_outputs (workflow_uuid, function_id, function_name, output, serialization, started_at_epoch_ms,
                                      completed_at_epoch_ms, application_name, retention_timestamp)
  select ${workflow}, function_id, function_name, case when closed then coalesce(output_closed, output) else output end,
         serialization, started, ended, 'countersign', ${NOW_MS}
    from changed cross join json_to_recordset(${checkpoints})
      as c(function_id int, function_name text, output text, output_closed text, serialization text, started bigint, ended bigint)
), ended as (
  update dbos.workflow_status
     set status = 'SUCCESS', owner_xid = null, deduplication_id = null, updated_at = ${NOW_MS}, completed_at = ${NOW_MS}
   where workflow_uuid = ${workflow} and owner_xid = ${owner} and status = 'PENDING' and (select closed from changed)
  returning workflow_uuid
), returned as (
  insert into dbos.workflow_output (workflow_uuid, output, error) select workflow_uuid, '${NOTHING}', null from ended
  on conflict (workflow_uuid) do update set output = excluded.output, error = null
), held as (
  select from dbos.workflow_status
   where workflow_uuid = ${workflow} and owner_xid = ${owner} and status = 'PENDING' and not (select closed from changed)
     for no key update
)`;

/** The column that goes with `recording`. */
export const owned = ({ owner }: { owner: string }): string =>
  `(${owner}::text is null or exists (select from ended) or exists (select from held)) as owned`;
