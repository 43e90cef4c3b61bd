import type { Delegation } from "../domain/approval.ts";
import type { Queryable } from "./pool.ts";

export interface DelegationRow extends Delegation {
  created_by: string;
  created_at: string;
}

const COLUMNS = `id, from_address as "from", to_address as "to", to_json(starts_at)#>>'{}' as starts_at,
                 to_json(ends_at)#>>'{}' as ends_at`;

const iso = <Row extends { starts_at: string; ends_at: string }>(row: Row): Row => ({
  ...row,
  starts_at: new Date(row.starts_at).toISOString(),
  ends_at: new Date(row.ends_at).toISOString(),
});

/** Those that are not over, by when they begin. */
export async function listDelegations(db: Queryable, tenant: string, now: Date): Promise<Delegation[]> {
  const { rows } = await db.query<Delegation>(
    `select ${COLUMNS} from countersign.delegations where tenant = $1 and ends_at > $2 order by starts_at, id`,
    [tenant, now],
  );
  return rows.map(iso);
}

export async function insertDelegation(
  db: Queryable,
  tenant: string,
  { id, from, to, starts_at, ends_at }: Delegation,
  createdBy: string,
): Promise<void> {
  await db.query(
    `insert into countersign.delegations (id, tenant, from_address, to_address, starts_at, ends_at, created_by)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [id, tenant, from, to, starts_at, ends_at, createdBy],
  );
}

/** @returns false when there is none with this id */
export async function deleteDelegation(db: Queryable, tenant: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query("delete from countersign.delegations where tenant = $1 and id = $2", [
    tenant,
    id,
  ]);
  return rowCount === 1;
}
