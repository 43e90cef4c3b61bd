import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSigningKeys } from "../../src/audit/signing-keys.ts";
import { createPool } from "../../src/db/pool.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

const stated = async (number: number, key: string) =>
  pool.query(
    "insert into countersign.checkpoints (number, at, statement, swept, remaining) values ($1, now(), $2, false, false)",
    [number, JSON.stringify({ key })],
  );

test("each statement is read once, and a key that signs on or comes back keeps its first", async () => {
  const keys = createSigningKeys(pool);
  expect(await keys()).toEqual([]);
  await stated(1, "a");
  await stated(2, "a");
  expect(await keys()).toEqual([{ key: "a", from: 1, to: 2 }]);
  // What cannot be read any more does not matter to whoever asks again.
  await pool.query("update countersign.checkpoints set statement = 'no JSON'");
  await stated(3, "b");
  await stated(4, "a");
  expect(await keys()).toEqual([
    { key: "a", from: 1, to: 4 },
    { key: "b", from: 3, to: 3 },
  ]);
  expect(await Promise.all([keys(), keys()])).toEqual([await keys(), await keys()]);
});
