import pg from "pg";
import type { Pool } from "pg";

/** What stays of an order that ended a month ago: tables, and the column that names the order. */
const TABLES: [table: string, column: string][] = [
  ["countersign.orders", "id"],
  ["countersign.order_search", "order_id"],
  ["countersign.audit_index", "order_id"],
  ["dbos.workflow_status", "workflow_uuid"],
  ["dbos.streams", "workflow_uuid"],
];

/** So long ago that nothing which runs by itself takes an interest. */
const AGE = "40 days";

export const storedId = (template: string, n: number) =>
  `${template.slice(0, 14)}${n.toString(16).padStart(16, "0")}`;

/**
 * Copies all that is kept of one ended order under `count` other ids, a second after each other: what as many real ones would
 * have left. Only their hashes and their entries' ids in the trail remain those of the first.
 */
export async function storeCopies(databaseUrl: string, template: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    // No trigger tells anybody, and what is committed need not be on the disk at once.
    await client.query("set session_replication_role = replica");
    await client.query("set synchronous_commit = off");
    await client.query("set maintenance_work_mem = '512MB'");
    for (const [table, column] of TABLES) await copyRows(client, { table, column, template, count });
    for (const [table] of TABLES) await client.query(`vacuum (analyze) ${table}`);
    await client.query("checkpoint");
  } finally {
    await client.end();
  }
}

interface Copy {
  table: string;
  column: string;
  template: string;
  count: number;
}

/** Sorting an index once is many times faster than adding to it a million times. */
async function copyRows(client: pg.Client, copy: Copy): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
      where i.indrelid = $1::regclass and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)`,
    [copy.table],
  );
  await client.query("begin");
  const few = copy.count < 50_000;
  if (!few) for (const { name } of indexes) await client.query(`drop index ${name}`);
  await client.query(await insertOf(client, copy), [copy.template, copy.count]);
  if (!few) for (const { definition } of indexes) await client.query(definition);
  await client.query("commit");
}

async function insertOf(client: pg.Client, { table, column }: Copy): Promise<string> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select quote_ident(attname) as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [table],
  );
  const id = "left($1, 14) || lpad(to_hex(n), 16, '0')";
  const value = ({ name, type }: { name: string; type: string }) => {
    if (name === column) return id;
    if (type === "text")
      return `replace(replace(t.${name}, $1, ${id}), 'aud_' || substr($1, 5, 10), 'aud_' || lpad(to_hex(n), 10, '0'))`;
    if (type === "timestamp with time zone")
      return `t.${name} - interval '${AGE}' + n * interval '1 millisecond'`;
    return `t.${name}`;
  };
  return `insert into ${table} (${rows.map(({ name }) => name).join(", ")})
          select ${rows.map(value).join(", ")} from ${table} t cross join generate_series(1, $2::int) as n where t.${column} = $1`;
}

/** How many orders there are, and the room that they take, in bytes. */
export async function storedSize(pool: Pool): Promise<{ orders: number; bytes: number }> {
  const { rows } = await pool.query<{ orders: number; bytes: number }>(
    `select count(*)::int as orders, pg_database_size(current_database())::float8 as bytes from countersign.orders`,
  );
  return rows[0] ?? { orders: 0, bytes: 0 };
}
