import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { claimDueLooks } from "../../src/db/payment-looks.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";

let database: TestDatabase;
let sql: pg.Client;
let other: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  [sql, other] = [database, database].map(({ url }) => new pg.Client({ connectionString: url })) as [
    pg.Client,
    pg.Client,
  ];
  await sql.connect();
  await other.connect();
});
afterAll(async () => {
  await sql?.end();
  await other?.end();
  await database?.drop();
});
beforeEach(() => sql.query("truncate countersign.orders cascade"));

const HOUR = 3_600;

/** Orders that were made `age` seconds ago; looked at, if at all, so that the next look is in `next` seconds. */
async function orders(name: string, count: number, age: number, next?: number, status = "awaiting_payment") {
  await sql.query(
    `insert into countersign.orders (id, tenant, reference, status, amount, currency, state, created_at, updated_at)
     select 'ord_' || $1 || '_' || n, 'dev', 'PO-' || n, $2, 1250, 'usd', '{}', t, t
       from generate_series(1, $3::int) as n, (select now() - make_interval(secs => $4) as t) as made`,
    [name, status, count, age],
  );
  if (next !== undefined)
    await sql.query(
      `insert into countersign.payment_looks (order_id, looks, next_at)
       select id, 1, now() + make_interval(secs => $2) from countersign.orders where id like 'ord_' || $1 || '_%'`,
      [name, next],
    );
}

const claim = async (db: pg.Client, within_s: number | null, limit = 50): Promise<string[]> =>
  (await claimDueLooks(db, { after_s: 60, limit, within_s })).map(({ order_id }) => order_id).sort();

test("what is due is claimed, for its first look or another; the young and those of later are not", async () => {
  await orders("young", 2, 30);
  await orders("first", 2, 90);
  await orders("again", 2, 5 * HOUR, -1);
  await orders("later", 2, 5 * HOUR, HOUR);
  expect(await claim(sql, 15 * 60)).toEqual(["ord_again_1", "ord_again_2", "ord_first_1", "ord_first_2"]);
  expect(await claim(sql, 15 * 60)).toEqual([]);
});

test("an old order that nobody looked at is found when all are looked through", async () => {
  await orders("missed", 1, 5 * HOUR);
  expect(await claim(sql, 15 * 60)).toEqual([]);
  expect(await claim(sql, null)).toEqual(["ord_missed_1"]);
});

test("an order that waits for something else is put off, and found when its payment is waited for again", async () => {
  await orders("approval", 1, 5 * HOUR, -1, "awaiting_approval");
  expect(await claim(sql, 15 * 60)).toEqual([]);
  const { rows } = await sql.query<{ later: boolean }>(
    "select next_at > now() + interval '5 hours' as later from countersign.payment_looks",
  );
  expect(rows).toEqual([{ later: true }]);
  await sql.query("update countersign.orders set status = 'payment_failed'");
  await sql.query("update countersign.payment_looks set next_at = now()");
  expect(await claim(sql, 15 * 60)).toEqual(["ord_approval_1"]);
});

test("two processes claim each look once", async () => {
  await orders("first", 20, 90);
  await orders("again", 20, HOUR, -1);
  const claimed = (await Promise.all([claim(sql, 15 * 60), claim(other, 15 * 60)])).flat();
  expect(claimed).toHaveLength(40);
  expect(new Set(claimed).size).toBe(40);
});

test("orders that are not due are not read, however many wait", async () => {
  await orders("later", 5_000, 5 * HOUR, HOUR);
  await orders("again", 3, 5 * HOUR, -1);
  await orders("first", 2, 90);
  await sql.query("analyze countersign.orders, countersign.payment_looks");
  const before = await rowsRead();
  expect(await claim(sql, 15 * 60)).toHaveLength(5);
  const read = (await rowsRead()) - before;
  expect(read).toBeGreaterThan(4);
  expect(read).toBeLessThan(100);
});

/** What this connection has read of both tables, as far as it has not told the others. */
async function rowsRead(): Promise<number> {
  const { rows } = await sql.query<{ read: string }>(
    `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) as read from pg_stat_xact_user_tables
      where schemaname = 'countersign' and relname in ('orders', 'payment_looks')`,
  );
  return Number(rows[0]?.read);
}
