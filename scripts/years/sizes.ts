import type { Pool } from "../../src/db/pool.ts";

/** What a table holds and takes, as PostgreSQL counts it. */
export interface Size {
  table: string;
  rows: number;
  dead: number;
  /** With its indexes and what is stored beside it. */
  bytes: number;
}

/** How many rows were read, since the statistics began. */
export interface Reads {
  table: string;
  /** Scans of the whole table. */
  scans: number;
  rows: number;
}

const OURS = "schemaname in ('countersign', 'dbos')";

export async function sizesOf(pool: Pool): Promise<Size[]> {
  const { rows } = await pool.query<Size>(
    `select schemaname || '.' || relname as table, n_live_tup as rows, n_dead_tup as dead,
            pg_total_relation_size(relid) as bytes
       from pg_stat_user_tables where ${OURS} order by 1`,
  );
  // The statistics are an estimate.
  for (const size of rows) {
    const { rows: counted } = await pool.query<{ rows: number }>(
      `select count(*) as rows from ${size.table}`,
    );
    size.rows = counted[0]?.rows ?? 0;
  }
  return rows;
}

export async function readsOf(pool: Pool): Promise<Reads[]> {
  const { rows } = await pool.query<Reads>(
    `select schemaname || '.' || relname as table, seq_scan as scans,
            seq_tup_read + coalesce((select sum(idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid), 0)::bigint as rows
       from pg_stat_user_tables t where ${OURS} order by 1`,
  );
  return rows;
}

/** Read in between, by the table; those of which nothing was read are left out. */
export function readsBetween(before: readonly Reads[], after: readonly Reads[]): Reads[] {
  const was = new Map(before.map((each) => [each.table, each]));
  return after.flatMap(({ table, scans, rows }) => {
    const old = was.get(table) ?? { scans: 0, rows: 0 };
    return rows > old.rows ? [{ table, scans: scans - old.scans, rows: rows - old.rows }] : [];
  });
}
