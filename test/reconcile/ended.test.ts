import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Queryable } from "../../src/db/pool.ts";
import { findChangedSince, findOpenToReconcile, listTenants } from "../../src/db/reconciliations.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";

// What runs each night reads what is open and recent, however many orders ended before.

const ENDED = 20_000;

let database: TestDatabase;
let db: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  db = new pg.Client(database.url);
  await db.connect();
  await db.query(
    `insert into countersign.orders
            (id, tenant, reference, status, amount, currency, state, segment_open, created_at, updated_at)
     select 'ord_' || lpad(n::text, 26, '0'), case when n % 1000 = 0 then 'rare' else 'dev' end, 'PO', 'completed', 1, 'usd', '{}',
            n > $1 - 20, now() - interval '1 year', now() - case when n % 1000 = 1 then interval '1 hour' else interval '1 year' end
       from generate_series(1, $1::int) as n`,
    [ENDED],
  );
  // As the database does it by itself.
  await db.query("vacuum (analyze) countersign.orders");
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
});

interface Plan {
  "Node Type": string;
  "Actual Rows": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: Plan[];
}

/** Runs a query of ours, and says which rows its plan has read. */
async function rowsRead(
  query: (spy: Queryable) => Promise<unknown>,
): Promise<{ read: number; kinds: string[] }> {
  const said = { text: "", values: [] as unknown[] };
  const listening = (text: string, values: unknown[] = []) => {
    Object.assign(said, { text, values });
    return db.query(text, values);
  };
  await query({ query: listening as Queryable["query"] });
  const { rows } = await db.query<{ "QUERY PLAN": { Plan: Plan }[] }>(
    `explain (analyze, format json) ${said.text}`,
    said.values,
  );
  const kinds: string[] = [];
  const count = (plan: Plan): number => {
    kinds.push(plan["Node Type"]);
    const own = plan["Node Type"].includes("Scan") ? plan["Actual Rows"] : 0;
    return (
      own +
      (plan["Rows Removed by Filter"] ?? 0) +
      (plan["Rows Removed by Index Recheck"] ?? 0) +
      (plan.Plans ?? []).reduce((sum, each) => sum + count(each), 0)
    );
  };
  return { read: count(rows[0]?.["QUERY PLAN"][0]?.Plan as Plan), kinds };
}

test("tenants are found by jumping from one to the next", async () => {
  expect(await listTenants(db)).toEqual(["dev", "rare"]);
  const { read, kinds } = await rowsRead((spy) => listTenants(spy));
  expect(kinds).not.toContain("Seq Scan");
  expect(read).toBeLessThan(50);
});

test("open orders are found without those that ended", async () => {
  expect(await findOpenToReconcile(db, "dev", "", 100)).toHaveLength(19);
  const { read, kinds } = await rowsRead((spy) => findOpenToReconcile(spy, "dev", "", 100));
  expect(kinds).not.toContain("Seq Scan");
  expect(read).toBeLessThan(100);
});

test("recent orders are found in the pages that changed", async () => {
  const since = new Date(Date.now() - 86_400_000);
  expect(await findChangedSince(db, "dev", since)).toHaveLength(20);
  // All at the end, as they are where orders end soon after they were made.
  await db.query(
    "update countersign.orders set updated_at = now() - interval '1 year' where id < 'ord_' || lpad('19000', 26, '0')",
  );
  await db.query("vacuum (full, analyze) countersign.orders");
  const { read, kinds } = await rowsRead((spy) => findChangedSince(spy, "dev", since));
  expect(kinds).not.toContain("Seq Scan");
  expect(read).toBeLessThan(ENDED / 10);
});
