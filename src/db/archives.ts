import type { Queryable, Tx } from "./pool.ts";

/** An order whose trail may leave the database. */
export interface Archivable {
  id: string;
  tenant: string;
  entries: number;
}

/** The file that holds the first `entries` entries of a trail. */
export interface ArchivedTrail {
  name: string;
  /** Of the file, hex. */
  sha256: string;
  entries: number;
}

/**
 * Orders with id after `after` and before `before` that are at rest since `quietSince`, with all their approvals, oldest first.
 * Those archived already are not in the index that this walks.
 */
export async function listArchivable(
  db: Queryable,
  { after, before, quietSince, limit }: { after: string; before: string; quietSince: Date; limit: number },
): Promise<Archivable[]> {
  const { rows } = await db.query<Archivable>(
    `select o.id, o.tenant, o.entries from countersign.orders o
      where not o.archived and o.id > $1 and o.id < $2 and not o.segment_open and o.updated_at < $3
        and not exists (select from countersign.approvals a where a.order_id = o.id and a.segment_open)
      order by o.id limit $4`,
    [after, before, quietSince, limit],
  );
  return rows;
}

export async function getArchive(db: Queryable, orderId: string): Promise<ArchivedTrail | null> {
  const { rows } = await db.query<ArchivedTrail>(
    "select name, sha256, entries from countersign.archives where order_id = $1",
    [orderId],
  );
  return rows[0] ?? null;
}

/** Locks an order that may still be archived. @returns its segments' and approvals' workflows; null when it has moved on */
export async function lockArchivable(tx: Tx, { id, entries }: Archivable): Promise<string[] | null> {
  const { rows } = await tx.query<{ segment: number }>(
    `select segment from countersign.orders
      where id = $1 and entries = $2 and not segment_open and not archived for update`,
    [id, entries],
  );
  const [order] = rows;
  if (!order) return null;
  const { rows: approvals } = await tx.query<{ id: string; segment: number; segment_open: boolean }>(
    "select id, segment, segment_open from countersign.approvals where order_id = $1 order by id for update",
    [id],
  );
  if (approvals.some(({ segment_open }) => segment_open)) return null;
  return [{ id, ...order }, ...approvals].flatMap(workflowsOf);
}

/** Its workflows' ids: the first is the object's own, each further segment adds its number. */
const workflowsOf = ({ id, segment }: { id: string; segment: number }): string[] =>
  Array.from({ length: segment + 1 }, (_, n) => (n === 0 ? id : `${id}:${n}`));

/** Notes where the trail is now, and takes its entries out of the index. */
export async function markArchived(tx: Tx, id: string, archive: ArchivedTrail): Promise<void> {
  await tx.query(
    `insert into countersign.archives (order_id, name, sha256, entries) values ($1, $2, $3, $4)
     on conflict (order_id) do update
        set name = excluded.name, sha256 = excluded.sha256, entries = excluded.entries, archived_at = now(), restored_at = null`,
    [id, archive.name, archive.sha256, archive.entries],
  );
  await tx.query("update countersign.orders set archived = true where id = $1", [id]);
  await tx.query("update countersign.approvals set archived = true where order_id = $1", [id]);
  await dropRestored(tx, id, archive.entries);
}

async function dropRestored(db: Queryable, id: string, entries: number): Promise<void> {
  await db.query("delete from countersign.audit_restored where order_id = $1", [id]);
  await db.query("delete from countersign.audit_index where order_id = $1 and seq < $2", [id, entries]);
}

/** An entry on its way back into the index. */
export interface RestoredEntry {
  seq: number;
  id: string;
  at: string;
  type: string;
  actor_type: string;
  actor_id: string;
  value: string;
}

/** Puts an archived trail's entries back, for whoever reads them. Done twice it is done once. */
export async function restoreEntries(
  tx: Tx,
  { tenant, id }: { tenant: string; id: string },
  entries: readonly RestoredEntry[],
): Promise<void> {
  const json = JSON.stringify(entries);
  await tx.query("select from countersign.archives where order_id = $1 for update", [id]);
  await tx.query(
    `insert into countersign.audit_restored (order_id, seq, value)
     select $1, seq, value from json_to_recordset($2) as e(seq int, value text) on conflict do nothing`,
    [id, json],
  );
  await tx.query(
    `insert into countersign.audit_index
            (order_id, seq, id, tenant, at, type, actor_type, actor_id, workflow_id, stream_offset)
     select $1, seq, id, $2, at, type, actor_type, actor_id, '', seq
       from json_to_recordset($3)
            as e(seq int, id text, at timestamptz, type text, actor_type text, actor_id text)
         on conflict do nothing`,
    [id, tenant, json],
  );
  await tx.query("update countersign.archives set restored_at = now() where order_id = $1", [id]);
}

/** Takes entries out again that nobody has asked for since. @returns how many trails */
export async function dropRestoredBefore(tx: Tx, time: Date, limit: number): Promise<number> {
  const { rows } = await tx.query<{ order_id: string; entries: number }>(
    `update countersign.archives set restored_at = null
      where order_id in (select order_id from countersign.archives where restored_at < $1
                          order by restored_at limit $2 for update skip locked)
      returning order_id, entries`,
    [time, limit],
  );
  for (const { order_id, entries } of rows) await dropRestored(tx, order_id, entries);
  return rows.length;
}

/** Approvals without an order that are at rest since then: all that is to keep of them is in their row. */
export async function takeQuietApprovals(
  tx: Tx,
  { before, quietSince, limit }: { before: string; quietSince: Date; limit: number },
): Promise<string[]> {
  const { rows } = await tx.query<{ id: string; segment: number }>(
    `update countersign.approvals set archived = true
      where id in (select id from countersign.approvals
                    where not archived and id < $1 and order_id is null and not segment_open and updated_at < $2
                    order by id limit $3 for update skip locked)
      returning id, segment`,
    [before, quietSince, limit],
  );
  return rows.flatMap(workflowsOf);
}
