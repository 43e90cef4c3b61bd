import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { AppError } from "../errors.ts";
import { createPool, NO_LIMITS, type Queryable } from "./pool.ts";

interface Migration {
  name: string;
  sha256: string;
  sql: string;
}

interface Applied {
  name: string;
  sha256: string;
}

export interface Migrated {
  /** Names of the files applied by this call, in order. */
  applied: string[];
}

const DIRECTORY = join(import.meta.dirname, "migrations");
const OLDEST_SERVER = 14;
/** Any number, the same in every process: one migrates, the others wait and find nothing to do. */
const LOCK = 7_233_041_982;

/**
 * Brings the database to this code's schema: the numbered files of `migrations/` not applied yet, each in its own
 * transaction. Throws AppError `conflict` when the server is too old, an applied file was edited, or the database is
 * ahead of this code.
 */
export async function migrate(database: pg.Pool | string, directory = DIRECTORY): Promise<Migrated> {
  const migrations = await readMigrations(directory);
  if (typeof database !== "string") return withClient(await database.connect(), migrations);
  const pool = createPool({
    url: database,
    max: 1,
    applicationName: "countersign-migrate",
    limits: NO_LIMITS,
  });
  try {
    return await withClient(await pool.connect(), migrations);
  } finally {
    await pool.end();
  }
}

/** Those of this code that the database lacks, by name. A database that is ahead, as during an upgrade, lacks none. */
export async function missingMigrations(db: Queryable, directory = DIRECTORY): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>("select name from countersign.migrations");
  const applied = new Set(rows.map(({ name }) => name));
  const names = await readdir(directory);
  return names.filter((name) => name.endsWith(".sql") && !applied.has(name)).sort();
}

/** Runs `work` while no other process changes the schema: for parts that bring their own tables. */
export async function whileSchemaIsOurs<T>(pool: pg.Pool, work: () => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await takeTurn(client);
    return await work();
  } finally {
    // closing the connection is also what releases the lock
    client.release(true);
  }
}

/** Asks again and again: a session that waits in a statement would hold up indexes that are built concurrently. */
async function takeTurn(client: pg.ClientBase): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ ours: boolean }>("select pg_try_advisory_lock($1) as ours", [LOCK]);
    if (rows[0]?.ours) return;
    await sleep(100);
  }
}

async function withClient(client: pg.PoolClient, migrations: Migration[]): Promise<Migrated> {
  try {
    // a migration takes as long as it takes; the connection is not used for anything else afterwards
    await client.query("set statement_timeout = 0; set lock_timeout = 0");
    await checkServer(client);
    await takeTurn(client);
    return { applied: await applyMissing(client, migrations) };
  } finally {
    // closing the connection is also what releases the lock
    client.release(true);
  }
}

async function applyMissing(client: pg.ClientBase, migrations: Migration[]): Promise<string[]> {
  await client.query("create schema if not exists countersign");
  await client.query(`
    create table if not exists countersign.migrations (
      name       text primary key,
      sha256     text not null,
      applied_at timestamptz not null default now()
    )`);
  const { rows } = await client.query<Applied>(
    "select name, sha256 from countersign.migrations order by name",
  );
  const missing = findMissing(migrations, rows);
  for (const migration of missing) await apply(client, migration);
  return missing.map(({ name }) => name);
}

function findMissing(migrations: Migration[], applied: Applied[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { name, sha256 } of applied) {
    const file = known.get(name);
    if (!file) {
      throw conflict(
        `The database is newer than this code: it has migration ${name}. Start a version that knows it.`,
      );
    }
    if (file.sha256 !== sha256) {
      throw conflict(
        `Migration ${name} was edited after it was applied: restore the file, and put the change into a new one.`,
      );
    }
  }
  const missing = migrations.slice(applied.length);
  const done = new Set(applied.map(({ name }) => name));
  const late = migrations.slice(0, applied.length).find(({ name }) => !done.has(name));
  if (late) {
    throw conflict(
      `Migration ${late.name} comes before others that are applied already: give it the next number.`,
    );
  }
  return missing;
}

async function apply(client: pg.ClientBase, { name, sha256, sql }: Migration): Promise<void> {
  await client.query("begin");
  try {
    await client.query(sql);
    await client.query("insert into countersign.migrations (name, sha256) values ($1, $2)", [name, sha256]);
    await client.query("commit");
  } catch (cause) {
    await client.query("rollback").catch(() => {});
    throw new Error(`Migration ${name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

async function checkServer(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ number: string; version: string }>(
    "select current_setting('server_version_num') as number, current_setting('server_version') as version",
  );
  const { number, version } = rows[0] ?? { number: "0", version: "unknown" };
  if (Math.floor(Number(number) / 10_000) >= OLDEST_SERVER) return;
  throw conflict(`PostgreSQL ${version} is too old: ${OLDEST_SERVER} or newer is needed (DATABASE_URL).`);
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  // A number may be missing: a migration that was withdrawn before a release leaves a gap.
  names.forEach((name, index) => {
    const before = Number.parseInt(names[index - 1] ?? "0", 10);
    if (Number.parseInt(name, 10) > before) return;
    throw conflict(`Migration ${name} needs a number of its own, higher than ${before}.`);
  });
  return Promise.all(names.map((name) => readMigration(directory, name)));
}

async function readMigration(directory: string, name: string): Promise<Migration> {
  // a checkout on Windows may end its lines otherwise; that is no edit
  const sql = (await readFile(join(directory, name), "utf8")).replaceAll("\r\n", "\n");
  return { name, sql, sha256: createHash("sha256").update(sql).digest("hex") };
}

const conflict = (message: string) => new AppError("conflict", message);
