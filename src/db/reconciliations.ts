import type { Difference } from "../domain/reconciliation.ts";
import type { OrderState } from "../domain/order.ts";
import type { Queryable } from "./pool.ts";

/** A difference as a report lists it. */
export interface ReportedDifference extends Difference {
  order_id: string;
  reference: string;
  currency: string;
  /** The order was told, and agrees with the provider now. */
  repaired: boolean;
}

export interface ReconciliationRow {
  id: string;
  tenant: string;
  /** An API user, or `night YYYY-MM-DD`. */
  started_by: string;
  status: "running" | "finished" | "failed";
  since: Date;
  checked: number;
  differences: ReportedDifference[];
  failure: string | null;
  started_at: Date;
  touched_at: Date;
  finished_at: Date | null;
}

/** @returns false when this night's report is there already */
export async function insertReconciliation(
  db: Queryable,
  row: Pick<ReconciliationRow, "id" | "tenant" | "started_by" | "since">,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into countersign.reconciliations (id, tenant, started_by, status, since, started_at, touched_at)
     values ($1, $2, $3, 'running', $4, now(), now()) on conflict do nothing`,
    [row.id, row.tenant, row.started_by, row.since],
  );
  return rowCount === 1;
}

export const touchReconciliation = (
  db: Queryable,
  id: string,
  progress: Pick<ReconciliationRow, "checked" | "differences">,
) =>
  db.query(
    "update countersign.reconciliations set checked = $2, differences = $3, touched_at = now() where id = $1",
    [id, progress.checked, JSON.stringify(progress.differences)],
  );

export const endReconciliation = (db: Queryable, id: string, failure: string | null) =>
  db.query(
    `update countersign.reconciliations
        set status = case when $2::text is null then 'finished' else 'failed' end, failure = $2,
            finished_at = now(), touched_at = now()
      where id = $1`,
    [id, failure],
  );

export async function getReconciliation(
  db: Queryable,
  tenant: string,
  id: string,
): Promise<ReconciliationRow | null> {
  const { rows } = await db.query<ReconciliationRow>(
    "select * from countersign.reconciliations where tenant = $1 and id = $2",
    [tenant, id],
  );
  return rows[0] ?? null;
}

/** Newest first. */
export async function listReconciliations(
  db: Queryable,
  tenant: string,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<ReconciliationRow[]> {
  const { rows } = await db.query<ReconciliationRow>(
    `select * from countersign.reconciliations
      where tenant = $1 and ($2::text is null or id < $2) order by id desc limit $3`,
    [tenant, before ?? null, limit],
  );
  return rows;
}

/** Whose orders there are. Jumps from one to the next in the index, past all of their orders. */
export async function listTenants(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ tenant: string }>(
    `with recursive t(tenant) as (
       (select tenant from countersign.orders order by tenant limit 1)
       union all
       select (select o.tenant from countersign.orders o where o.tenant > t.tenant order by o.tenant limit 1)
         from t where t.tenant is not null)
     select tenant from t where tenant is not null`,
  );
  return rows.map((row) => row.tenant);
}

/** Orders that are open, by id, after `after`. */
export async function findOpenToReconcile(
  db: Queryable,
  tenant: string,
  after: string,
  limit: number,
): Promise<{ id: string; state: OrderState }[]> {
  const { rows } = await db.query<{ id: string; state: OrderState }>(
    `select id, state from countersign.orders
      where tenant = $1 and id > $2 and segment_open order by id limit $3`,
    [tenant, after, limit],
  );
  return rows;
}

/** Ids of orders that are at rest and changed since. */
export async function findChangedSince(db: Queryable, tenant: string, since: Date): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from countersign.orders
      where tenant = $1 and updated_at >= $2 and not segment_open order by id`,
    [tenant, since],
  );
  return rows.map((row) => row.id);
}

export async function getOrderStates(
  db: Queryable,
  ids: string[],
): Promise<{ id: string; state: OrderState }[]> {
  const { rows } = await db.query<{ id: string; state: OrderState }>(
    "select id, state from countersign.orders where id = any($1) order by id",
    [ids],
  );
  return rows;
}
