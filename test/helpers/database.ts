import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { TEMPLATE, asOwner, onDatabase, OWNER } from "./database-url.ts";

export interface TestDatabase {
  /** As its owner, who is no superuser: row security holds. */
  url: string;
  /** As the server's administrator, for what an owner may not do. */
  adminUrl: string;
  /** Also ends the sessions that are still open on it. */
  drop(): Promise<void>;
}

/** A database of its own with all tables of ours and of the engine, cloned from the template. */
export const createDatabase = (): Promise<TestDatabase> => create(`template ${TEMPLATE}`);

/** An empty database on the same server. */
export const createEmptyDatabase = (): Promise<TestDatabase> => create("");

async function create(source: string): Promise<TestDatabase> {
  const name = `test_${process.pid}_${randomBytes(5).toString("hex")}`;
  await onServer(async (client) => {
    const { rows } = await client.query<{ number: number }>(
      "select current_setting('server_version_num')::int as number",
    );
    // copying files is four times as fast as the default, and older servers know nothing else
    const strategy = (rows[0]?.number ?? 0) >= 150_000 ? "strategy file_copy" : "";
    await client.query(`create database ${name} owner ${OWNER} ${source} ${strategy}`);
  });
  const adminUrl = onDatabase(inject("serverUrl"), name);
  return {
    url: asOwner(adminUrl),
    adminUrl,
    drop: () => onServer((client) => client.query(`drop database if exists ${name} with (force)`)),
  };
}

async function onServer(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: onDatabase(inject("serverUrl"), "postgres") });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
