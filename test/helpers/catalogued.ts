import pg from "pg";
import { expect } from "vitest";
import { parseEntry } from "../../src/audit/entry.ts";
import { departures } from "../../src/contract/audit-entries/index.ts";

/** Every entry of every trail in this database is what the catalogue of entry types says. */
export async function expectCatalogued(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ value: string }>(
      `select value from dbos.streams where key = 'audit' and value <> '"__DBOS_STREAM_CLOSED__"'`,
    );
    // What a test has altered on purpose is no entry any more.
    const entries = rows.flatMap(({ value }) => parseEntry(value) ?? []);
    expect([...new Set(entries.flatMap(departures))], "entries that the catalogue does not describe").toEqual(
      [],
    );
  } finally {
    await client.end();
  }
}
