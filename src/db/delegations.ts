import type { Delegation } from "../domain/approval.ts";
import type { Queryable, Tx } from "./pool.ts";

export interface DelegationRow extends Delegation {
  reason: string | null;
  created_by: string;
  created_at: Date;
}

const COLUMNS = `id, from_address as "from", to_address as "to", starts_at, ends_at, reason, created_by, created_at`;

type Stored = Omit<DelegationRow, "starts_at" | "ends_at"> & { starts_at: Date; ends_at: Date };

const rowOf = (row: Stored): DelegationRow => ({
  ...row,
  starts_at: row.starts_at.toISOString(),
  ends_at: row.ends_at.toISOString(),
});

/**
 * Whoever opens an approval or adds people to one holds this lock while reading delegations, and whoever changes delegations
 * holds it alone. So a change is either read by them, or finds the approval that they left.
 */
const lock = (tx: Tx, tenant: string, mode: "shared" | "alone") =>
  tx.query(
    `select pg_advisory_xact_lock${mode === "shared" ? "_shared" : ""}(hashtextextended('delegations:' || $1, 0))`,
    [tenant],
  );

/** For an approval that is opened or learns of people within this transaction: those that are not over, by when they begin. */
export async function delegationsToHeed(tx: Tx, tenant: string, now: Date): Promise<Delegation[]> {
  await lock(tx, tenant, "shared");
  return notOver(tx, tenant, now);
}

/** For a change of the tenant's delegations within this transaction: those that are not over, by when they begin. */
export async function delegationsToChange(tx: Tx, tenant: string, now: Date): Promise<Delegation[]> {
  await lock(tx, tenant, "alone");
  return notOver(tx, tenant, now);
}

async function notOver(tx: Tx, tenant: string, now: Date): Promise<Delegation[]> {
  const { rows } = await tx.query<Stored>(
    `select ${COLUMNS} from countersign.delegations where tenant = $1 and ends_at > $2 order by starts_at, id`,
    [tenant, now],
  );
  return rows.map((row) => {
    const { id, from, to, starts_at, ends_at, created_by } = rowOf(row);
    return { id, from, to, starts_at, ends_at, created_by };
  });
}

/** Newest first; those that are over only on request. */
export async function listDelegations(
  db: Queryable,
  tenant: string,
  { ended, now, before, limit }: { ended: boolean; now: Date; before?: string | undefined; limit: number },
): Promise<DelegationRow[]> {
  const { rows } = await db.query<Stored>(
    `select ${COLUMNS} from countersign.delegations
      where tenant = $1
        and ($2 or ends_at > $3)
        and ($4::text is null or id < $4)
      order by id desc limit $5`,
    [tenant, ended, now, before ?? null, limit],
  );
  return rows.map(rowOf);
}

export async function getDelegation(
  db: Queryable,
  tenant: string,
  id: string,
): Promise<DelegationRow | null> {
  const { rows } = await db.query<Stored>(
    `select ${COLUMNS} from countersign.delegations where tenant = $1 and id = $2`,
    [tenant, id],
  );
  return rows[0] ? rowOf(rows[0]) : null;
}

export async function insertDelegation(
  db: Queryable,
  tenant: string,
  { id, from, to, starts_at, ends_at, reason = null }: Delegation & { reason?: string | null },
  createdBy: string,
): Promise<void> {
  await db.query(
    `insert into countersign.delegations (id, tenant, from_address, to_address, starts_at, ends_at, reason, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [id, tenant, from, to, starts_at, ends_at, reason, createdBy],
  );
}

export const deleteDelegation = (db: Queryable, tenant: string, id: string) =>
  db.query("delete from countersign.delegations where tenant = $1 and id = $2", [tenant, id]);
