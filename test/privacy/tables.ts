import type pg from "pg";

/** Every table, ours and the engine's, that has one of these texts anywhere, also within bytes. */
export async function tablesWith(db: pg.Client, texts: string[]): Promise<string[]> {
  const { rows } = await db.query<{ name: string; columns: string }>(
    `select format('%I.%I', table_schema, table_name) as name,
            string_agg(case data_type when 'bytea' then format('encode(%I, ''escape'')', column_name)
                                      else format('%I::text', column_name) end, ', ') as columns
       from information_schema.columns c
       join information_schema.tables t using (table_schema, table_name)
      where table_schema in ('countersign', 'dbos') and t.table_type = 'BASE TABLE'
      group by table_schema, table_name`,
  );
  const found: string[] = [];
  for (const { name, columns } of rows) {
    const hit = await db.query(
      `select 1 from ${name} where concat_ws(' ', ${columns}) ilike any($1) limit 1`,
      [texts.map((text) => `%${text}%`)],
    );
    if (hit.rowCount) found.push(name);
  }
  return found.sort();
}
