import type { CheckpointLeaf } from "../domain/audit-checkpoint.ts";
import type { Queryable, Tx } from "./pool.ts";

export interface CheckpointRow {
  number: number;
  at: Date;
  /** The signed statement, as it was sent out. */
  statement: string;
  swept: boolean;
  remaining: boolean;
  sent_at: Date | null;
}

const LOCK = 7_233_041_983;

/** One process makes checkpoints, and sends them: the others wait for it. Until the transaction ends. */
export const lockCheckpoints = (tx: Tx) => tx.query("select pg_advisory_xact_lock($1)", [LOCK]);

/** @returns false when another process is at it */
export async function tryLockCheckpoints(tx: Tx): Promise<boolean> {
  const { rows } = await tx.query<{ locked: boolean }>("select pg_try_advisory_xact_lock($1) as locked", [
    LOCK,
  ]);
  return rows[0]?.locked ?? false;
}

export async function getLastCheckpoint(db: Queryable): Promise<CheckpointRow | null> {
  const { rows } = await db.query<CheckpointRow>(
    "select * from countersign.checkpoints order by number desc limit 1",
  );
  return rows[0] ?? null;
}

export async function getCheckpoint(db: Queryable, number: number): Promise<CheckpointRow | null> {
  const { rows } = await db.query<CheckpointRow>("select * from countersign.checkpoints where number = $1", [
    number,
  ]);
  return rows[0] ?? null;
}

/** When all orders were last compared; null: never. */
export async function getLastSweep(db: Queryable): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date | null }>(
    "select max(at) as at from countersign.checkpoints where swept and not remaining",
  );
  return rows[0]?.at ?? null;
}

/** Newest first. */
export async function listCheckpoints(
  db: Queryable,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<CheckpointRow[]> {
  const { rows } = await db.query<CheckpointRow>(
    "select * from countersign.checkpoints where $1::int is null or number < $1 order by number desc limit $2",
    [before ?? null, limit],
  );
  return rows;
}

/** Oldest first. */
export async function findUnsentCheckpoints(db: Queryable, limit: number): Promise<CheckpointRow[]> {
  const { rows } = await db.query<CheckpointRow>(
    "select * from countersign.checkpoints where sent_at is null order by number limit $1",
    [limit],
  );
  return rows;
}

export const markCheckpointSent = (db: Queryable, number: number) =>
  db.query("update countersign.checkpoints set sent_at = now() where number = $1", [number]);

const GROWN = `left join lateral (
    select l.entries from countersign.checkpoint_leaves l
     where l.order_id = o.id order by l.checkpoint desc limit 1) l on true
   where o.entries > coalesce(l.entries, 0)
   order by o.id limit $1`;

/** Trails that were written to since, and have grown since they were last stated; by order id. */
export async function findGrownSince(db: Queryable, since: Date, limit: number): Promise<CheckpointLeaf[]> {
  const { rows } = await db.query<CheckpointLeaf>(
    `select o.id as order_id, o.entries, o.head_hash
       from (select distinct a.order_id from countersign.audit_index a where a.at >= $2) lately
       join countersign.orders o on o.id = lately.order_id ${GROWN}`,
    [limit, since],
  );
  return rows;
}

/** The same of all orders. */
export async function findGrown(db: Queryable, limit: number): Promise<CheckpointLeaf[]> {
  const { rows } = await db.query<CheckpointLeaf>(
    `select o.id as order_id, o.entries, o.head_hash from countersign.orders o ${GROWN}`,
    [limit],
  );
  return rows;
}

export async function insertCheckpoint(
  tx: Tx,
  row: Omit<CheckpointRow, "sent_at">,
  leaves: readonly CheckpointLeaf[],
): Promise<void> {
  await tx.query(
    "insert into countersign.checkpoints (number, at, statement, swept, remaining) values ($1, $2, $3, $4, $5)",
    [row.number, row.at, row.statement, row.swept, row.remaining],
  );
  await tx.query(
    `insert into countersign.checkpoint_leaves (order_id, checkpoint, position, entries, head_hash)
     select order_id, $1, position - 1, entries, head_hash
       from unnest($2::text[], $3::int[], $4::text[]) with ordinality as l(order_id, entries, head_hash, position)`,
    [
      row.number,
      leaves.map((leaf) => leaf.order_id),
      leaves.map((leaf) => leaf.entries),
      leaves.map((leaf) => leaf.head_hash),
    ],
  );
}

/** A checkpoint's leaves in the order of the tree. */
export async function readLeaves(db: Queryable, number: number): Promise<CheckpointLeaf[]> {
  const { rows } = await db.query<CheckpointLeaf>(
    `select order_id, entries, head_hash from countersign.checkpoint_leaves
      where checkpoint = $1 order by position`,
    [number],
  );
  return rows;
}

export interface StatedHead {
  checkpoint: number;
  entries: number;
  head_hash: string;
}

/** What checkpoints state of an order's trail, oldest first. */
export async function listStatedHeads(db: Queryable, orderId: string): Promise<StatedHead[]> {
  const { rows } = await db.query<StatedHead>(
    `select checkpoint, entries, head_hash from countersign.checkpoint_leaves
      where order_id = $1 order by checkpoint`,
    [orderId],
  );
  return rows;
}

/** The newest checkpoint that states this order's trail, at or before `most`. */
export async function findCovering(
  db: Queryable,
  orderId: string,
  most: number | null,
): Promise<{ checkpoint: number; position: number } | null> {
  const { rows } = await db.query<{ checkpoint: number; position: number }>(
    `select checkpoint, position from countersign.checkpoint_leaves
      where order_id = $1 and ($2::int is null or checkpoint <= $2) order by checkpoint desc limit 1`,
    [orderId, most],
  );
  return rows[0] ?? null;
}

export interface SigningKey {
  key: string;
  /** Its first and last checkpoint. */
  from: number;
  to: number;
}

/** The keys that signed checkpoints after this number; 0: all of them. */
export async function listSigningKeys(db: Queryable, after: number): Promise<SigningKey[]> {
  const { rows } = await db.query<SigningKey>(
    `select statement::json->>'key' as key, min(number) as from, max(number) as to
       from countersign.checkpoints where number > $1 group by 1 order by 2`,
    [after],
  );
  return rows;
}
