import pg from "pg";
import type { Pool } from "pg";

/** What is kept of an order, and the column that names it. */
interface Kept {
  tables: [table: string, column: string][];
  /** How long ago it was; the copies are a millisecond after each other. */
  age: string;
}

/** Ended so long ago that its steps are forgotten, and that nothing which runs by itself takes an interest. */
export const ENDED: Kept = {
  // Those that take longest first.
  tables: [
    ["dbos.streams", "workflow_uuid"],
    ["countersign.audit_index", "order_id"],
    ["countersign.orders", "id"],
    ["dbos.workflow_status", "workflow_uuid"],
    ["countersign.order_search", "order_id"],
  ],
  age: "40 days",
};

/** Waiting to be paid: all that a workflow goes on from. */
export const WAITING: Kept = {
  tables: [
    ...ENDED.tables,
    ["dbos.workflow_input", "workflow_uuid"],
    ["dbos.operation_outputs", "workflow_uuid"],
    ["dbos.notifications", "destination_uuid"],
    ["dbos.workflow_events", "workflow_uuid"],
    ["dbos.workflow_events_history", "workflow_uuid"],
  ],
  age: "0",
};

/** The id of the n-th copy. */
export const storedId = (template: string, n: number) =>
  `${template.slice(0, 14)}${n.toString(16).padStart(16, "0")}`;

export interface Copies {
  /** The id of a real order. */
  template: string;
  /** The first and the last of them, from 1. */
  from: number;
  to: number;
  kept: Kept;
}

/** From here on, sorting an index once is faster than adding to it row by row. */
const MANY = 50_000;

/**
 * Copies all that is kept of one real order under other ids: what as many real ones would have left. Only the hashes in their trails
 * remain those of the first.
 */
export async function storeCopies(databaseUrl: string, copies: Copies): Promise<void> {
  const tables = [...copies.kept.tables];
  await Promise.all(Array.from({ length: AT_ONCE }, () => storeInto(databaseUrl, tables, copies)));
}

/** Tables that are filled at the same time; more would wait for the processors of a small machine. */
const AT_ONCE = 2;

async function storeInto(databaseUrl: string, tables: Kept["tables"], copies: Copies): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    // No trigger tells anybody, and what is committed need not be on the disk at once.
    await client.query("set session_replication_role = replica");
    await client.query("set synchronous_commit = off");
    await client.query("set maintenance_work_mem = '512MB'");
    for (let next = tables.shift(); next; next = tables.shift()) {
      const [table, column] = next;
      await copyRows(client, table, column, copies);
      await client.query(`vacuum (analyze) ${table}`);
    }
    await client.query("checkpoint");
  } finally {
    await client.end();
  }
}

async function copyRows(client: pg.Client, table: string, column: string, copies: Copies): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
      where i.indrelid = $1::regclass and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)`,
    [table],
  );
  const { template, from, to } = copies;
  const anew = to - from >= MANY ? indexes : [];
  await client.query("begin");
  for (const { name } of anew) await client.query(`drop index ${name}`);
  await client.query(await insertInto(client, table, column, copies), [template, from, to]);
  for (const { definition } of anew) await client.query(definition);
  await client.query("commit");
}

/** The order's id becomes the copy's wherever it stands, the ids of entries differ like it, and all else is as it was. */
async function insertInto(
  client: pg.Client,
  table: string,
  column: string,
  { template, kept }: Copies,
): Promise<string> {
  const { rows: columns } = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [table],
  );
  const { rows } = await client.query<Record<string, unknown>>(
    `select to_json(t) as row from ${table} t where t.${column} = $1`,
    [template],
  );
  const names = (name: string) =>
    rows.some(({ row }) => JSON.stringify((row as Record<string, unknown>)[name]).includes(template));
  const id = "left($1, 14) || lpad(to_hex(n), 16, '0')";
  const value = ({ name, type }: { name: string; type: string }) => {
    const old = `t."${name}"`;
    if (name === column) return id;
    if (table === "countersign.audit_index" && name === "id")
      return `left(${old}, 14) || lpad(to_hex(n), 15, '0') || t.seq % 10`;
    if (type === "timestamp with time zone")
      return `${old} - interval '${kept.age}' + n * interval '1 millisecond'`;
    return names(name) ? `replace(${old}::text, $1, ${id})::${type}` : old;
  };
  return `insert into ${table} (${columns.map(({ name }) => `"${name}"`).join(", ")})
          select ${columns.map(value).join(", ")} from ${table} t cross join generate_series($2::int, $3::int) as n where t.${column} = $1`;
}

/** How many orders there are, and the room that everything takes, in bytes. */
export async function storedSize(pool: Pool): Promise<{ orders: number; bytes: number }> {
  const { rows } = await pool.query<{ orders: number; bytes: number }>(
    `select count(*)::int as orders, pg_database_size(current_database())::float8 as bytes from countersign.orders`,
  );
  return rows[0] ?? { orders: 0, bytes: 0 };
}

/** How many workflows wait there for something to happen, asleep or in memory; the others are still to be taken over. */
export async function liveAt(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const gauge = (name: string) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1] ?? 0);
  return gauge("countersign_workflows_parked") + gauge('countersign_workflows_pending{state="sleeping"}');
}
