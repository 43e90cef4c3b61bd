import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { CHOSEN, startTestService, type TestService } from "../helpers/service.ts";

// What an order costs in the database, counted by PostgreSQL itself. No time is measured: a slow machine counts the same.

let database: TestDatabase;
let service: TestService;
let admin: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  service = await startTestService({ DATABASE_URL: database.url });
  admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin?.end();
  await service?.end();
  await database?.drop();
});

/** Connections that do nothing tell what they did after ten seconds (PostgreSQL: PGSTAT_IDLE_INTERVAL). */
const TOLD_MS = 10_500;

/** Transactions that were committed in this database, reading ones included. */
async function commits(): Promise<number> {
  await sleep(TOLD_MS);
  const { rows } = await admin.query<{ n: string }>(
    "select pg_stat_get_db_xact_commit(oid)::text as n from pg_database where datname = current_database()",
  );
  return Number(rows[0]?.n);
}

const ORDERS = 120;
const AT_ONCE = 24;

/** Payment-only orders, paid and completed. */
async function orders(count: number): Promise<void> {
  const open = Array.from({ length: count }, (_, i) => `PO-${i}`);
  const one = async (reference: string) => {
    const order = await service.create({ reference });
    await service.pay(order);
  };
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = open.pop(); next !== undefined; next = open.pop()) await one(next);
    }),
  );
  for (let unended = -1; unended !== 0; await sleep(500)) {
    const { rows } = await admin.query<{ n: number }>(
      "select count(*)::int as n from countersign.orders where status <> 'completed' or segment_open",
    );
    unended = rows[0]?.n ?? 0;
  }
}

test("a payment-only order costs six commits at most", { timeout: 90_000 }, async ({ skip }) => {
  skip(CHOSEN["ENGINE_PUBLISH"] === "plain", "the engine's own steps commit each by itself");
  await orders(AT_ONCE);
  const before = await commits();
  const started = performance.now();
  await orders(ORDERS);
  const span = performance.now() - started + TOLD_MS;
  const after = await commits();
  const idle = ((await commits()) - after) * (span / TOLD_MS);
  const perOrder = (after - before - idle) / ORDERS;
  console.log(
    `${perOrder.toFixed(2)} commits an order, besides ${Math.round(idle / (span / 1000))} a second`,
  );
  expect(perOrder).toBeGreaterThan(2);
  expect(perOrder).toBeLessThanOrEqual(6);
});
