import pg from "pg";

/** Every row of every table, as JSON that keeps what it was to the letter: `schema.table` → rows as text. */
export type Tables = Record<string, string[]>;

/** Rows that migrations write by themselves. */
const LEFT_OUT = ["countersign.migrations", "dbos.dbos_migrations", "dbos.schema_migrations"];

const namesOf = async (client: pg.Client): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>(
    `select table_schema || '.' || table_name as name from information_schema.tables
      where table_schema in ('countersign', 'dbos') and table_type = 'BASE TABLE' order by 1`,
  );
  return rows.map(({ name }) => name).filter((name) => !LEFT_OUT.includes(name));
};

export async function dumpTables(url: string): Promise<Tables & { migrations: string[] }> {
  const client = await connected(url);
  try {
    const tables: Tables = {};
    for (const name of await namesOf(client)) {
      const { rows } = await client.query<{ row: string }>(
        `select row_to_json(t)::text as row from ${name} t`,
      );
      if (rows.length > 0) tables[name] = rows.map(({ row }) => row);
    }
    const { rows } = await client.query<{ name: string }>(
      "select name from countersign.migrations order by name",
    );
    return { ...tables, migrations: rows.map(({ name }) => name) };
  } finally {
    await client.end();
  }
}

/** Loads rows into tables of the same shape; foreign keys need no order. */
export async function loadTables(url: string, tables: Tables): Promise<void> {
  const client = await connected(url);
  try {
    await client.query("set session_replication_role = replica");
    for (const name of await namesOf(client)) {
      const rows = tables[name];
      if (!rows) continue;
      await client.query(`delete from ${name}`);
      await client.query(`insert into ${name} select * from json_populate_recordset(null::${name}, $1)`, [
        `[${rows.join(",")}]`,
      ]);
    }
  } finally {
    await client.end();
  }
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
