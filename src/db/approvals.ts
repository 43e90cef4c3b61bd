import type { ApprovalState } from "../domain/approval.ts";
import type { Queryable } from "./pool.ts";

export interface ApprovalRow {
  id: string;
  tenant: string;
  order_id: string | null;
  state: ApprovalState;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = "id, tenant, order_id, state, created_at, updated_at";

/** False when it exists already: the step that opens it was repeated. */
export async function insertApproval(tx: Queryable, state: ApprovalState): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into countersign.approvals (id, tenant, order_id, status, state, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $6) on conflict (id) do nothing`,
    [state.id, state.tenant, state.order_id, state.status, JSON.stringify(state), state.created_at],
  );
  return rowCount === 1;
}

export async function getApproval(db: Queryable, id: string): Promise<ApprovalRow | null> {
  const { rows } = await db.query<ApprovalRow>(`select ${COLUMNS} from countersign.approvals where id = $1`, [
    id,
  ]);
  return rows[0] ?? null;
}

/** Newest first. */
export async function listApprovals(
  db: Queryable,
  tenant: string,
  filter: {
    status?: string | undefined;
    order_id?: string | undefined;
    before?: string | undefined;
    limit: number;
  },
): Promise<ApprovalRow[]> {
  const { rows } = await db.query<ApprovalRow>(
    `select ${COLUMNS} from countersign.approvals
      where tenant = $1
        and ($2::text is null or status = $2)
        and ($3::text is null or order_id = $3)
        and ($4::text is null or id < $4)
      order by id desc limit $5`,
    [tenant, filter.status ?? null, filter.order_id ?? null, filter.before ?? null, filter.limit],
  );
  return rows;
}
