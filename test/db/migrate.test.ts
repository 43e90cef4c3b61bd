import { appendFile, cp, mkdtemp, readFile, readdir, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrate } from "../../src/db/migrate.ts";
import { type Pool, createPool } from "../../src/db/pool.ts";
import { type TestDatabase, createDatabase, createEmptyDatabase } from "../helpers/database.ts";

const SHIPPED = join(import.meta.dirname, "../../src/db/migrations");

let directory: string;
let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-migrations-"));
  await cp(SHIPPED, directory, { recursive: true });
  database = await createEmptyDatabase();
  pool = createPool({ url: database.url });
});
afterEach(async () => {
  await pool.end();
  await database.drop();
  await rm(directory, { recursive: true });
});

test("an empty database gets every migration once, however many start at once", async () => {
  const files = (await readdir(SHIPPED)).sort();
  const runs = await Promise.all([
    migrate(pool),
    migrate(database.url),
    migrate(pool),
    migrate(database.url),
  ]);
  expect(runs.flatMap(({ applied }) => applied)).toEqual(files);
  expect(await migrate(pool)).toEqual({ applied: [] });
});

test("a migration added later is applied to what is there", async () => {
  await migrate(pool, directory);
  await writeFile(join(directory, "0001_twice.sql"), "select 1");
  await expect(migrate(pool, directory)).rejects.toThrow(/0001_twice\.sql needs a number of its own/);
  await unlink(join(directory, "0001_twice.sql"));
  const next = await addMigration("create table countersign.later ()");
  expect(await migrate(pool, directory)).toEqual({ applied: [next] });
});

test("an applied file that was edited is refused", async () => {
  await migrate(pool, directory);
  await appendFile(join(directory, "0001_orders.sql"), "-- changed\n");
  const refused = migrate(pool, directory);
  await expect(refused).rejects.toMatchObject({ code: "conflict" });
  await expect(refused).rejects.toThrow(/0001_orders\.sql was edited after it was applied/);
});

test("other line ends are no edit", async () => {
  await migrate(pool, directory);
  const { rows } = await pool.query<{ sha256: string }>(
    "select sha256 from countersign.migrations order by name",
  );
  await writeFile(
    join(directory, "0004_engine.sql"),
    (await read("0004_engine.sql")).replaceAll("\n", "\r\n"),
  );
  expect(await migrate(pool, directory)).toEqual({ applied: [] });
  expect(rows).not.toHaveLength(0);
});

test("a database that is ahead of this code is refused", async () => {
  const newest = await addMigration("select 1");
  await migrate(pool, directory);
  const refused = migrate(pool);
  await expect(refused).rejects.toMatchObject({ code: "conflict" });
  await expect(refused).rejects.toThrow(`The database is newer than this code: it has migration ${newest}`);
});

test("a migration that fails leaves nothing behind, and the ones before it stay", async () => {
  await addMigration("create table countersign.half (); select 1 / 0");
  await expect(migrate(pool, directory)).rejects.toThrow(/failed: division by zero/);
  const { rows } = await pool.query(
    "select to_regclass('countersign.half') as half, to_regclass('countersign.orders') as orders",
  );
  expect(rows).toEqual([{ half: null, orders: "countersign.orders" }]);
});

test("the template that tests clone is complete", async () => {
  const clone = await createDatabase();
  expect(await migrate(clone.url)).toEqual({ applied: [] });
  await clone.drop();
});

async function addMigration(sql: string): Promise<string> {
  const newest = Math.max(...(await readdir(directory)).map((name) => Number.parseInt(name, 10)));
  const name = `${String(newest + 1).padStart(4, "0")}_added.sql`;
  await writeFile(join(directory, name), sql);
  return name;
}

const read = (name: string) => readFile(join(directory, name), "utf8");
