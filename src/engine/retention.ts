import type { Tx } from "../db/pool.ts";

/** Tables of the engine that no foreign key empties when a workflow's row goes. */
const PAYLOADS = ["workflow_input", "workflow_output", "operation_outputs"];

/**
 * Deletes what the engine keeps of finished workflows, within the caller's transaction: its own call for that commits by
 * itself. Messages, events and streams go with the row. Workflows that have not finished are left alone.
 */
export async function forgetWorkflows(tx: Tx, workflows: readonly string[]): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(
    `select workflow_uuid as id from dbos.workflow_status
      where workflow_uuid = any($1) and status not in ('PENDING', 'ENQUEUED', 'DELAYED')`,
    [workflows],
  );
  const finished = rows.map(({ id }) => id);
  for (const table of PAYLOADS)
    await tx.query(`delete from dbos.${table} where workflow_uuid = any($1)`, [finished]);
  await tx.query("delete from dbos.workflow_status where workflow_uuid = any($1)", [finished]);
}
