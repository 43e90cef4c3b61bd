import type { Queryable } from "./pool.ts";

/** Everybody who may have been mailed about an approval, as their addresses were written; nobody when there is none. */
export async function mailedAbout(db: Queryable, approvalId: string): Promise<string[]> {
  const { rows } = await db.query<{ address: string }>(
    `select approver as address from countersign.approval_links where approval_id = $1
      union
     select address
       from countersign.approvals,
            jsonb_array_elements_text(
              jsonb_path_query_array(state, '$.plan.gates[*].approvers[*]')
              || jsonb_path_query_array(state, '$.plan.escalate_to[*]')
              || jsonb_path_query_array(state, '$.people[*].from')
              || jsonb_path_query_array(state, '$.people[*].to')
              || jsonb_path_query_array(state, '$.delegations[*].to')
              || jsonb_path_query_array(state, '$.subject.requested_by')) as address
      where id = $1 and address is not null`,
    [approvalId],
  );
  return rows.map(({ address }) => address);
}

/**
 * Whether the approval has the message with this key already, in any of its segments: a report may come again after the end.
 * Locks the approval, so that of two that come at once the second finds the first.
 */
export async function isBounceKnown(tx: Queryable, approvalId: string, key: string): Promise<boolean> {
  await tx.query("select id from countersign.approvals where id = $1 for update", [approvalId]);
  const { rows } = await tx.query<{ known: boolean }>(
    `select exists (
              select from dbos.notifications
               where destination_uuid in (
                       select case when number = 0 then a.id else a.id || ':' || number end
                         from generate_series(0, a.segment) as number)
                 and starts_with(message_uuid, $2 || '::')) as known
       from countersign.approvals a where a.id = $1`,
    [approvalId, key],
  );
  return rows[0]?.known ?? false;
}
