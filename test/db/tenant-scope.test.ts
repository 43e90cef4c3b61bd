import { afterAll, beforeAll, expect, test } from "vitest";
import { createPool, inTransaction, type Pool } from "../../src/db/pool.ts";
import { boundTo, createTenantPool, inTenant } from "../../src/db/tenant-scope.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";

// The second lock between tenants: PostgreSQL's, for a statement that forgot its `where tenant`.

/** A row of tenant ours in each table that has a tenant; a new table has to be put here. */
const ROWS: Record<string, Record<string, unknown>> = {
  orders: {
    ...{ id: "ord_ours", reference: "PO-1", status: "created", amount: 100, currency: "usd", state: "{}" },
    ...{ created_at: "2026-01-01Z", updated_at: "2026-01-01Z" },
  },
  // Written by the trigger of orders.
  order_search: {},
  approvals: {
    ...{ id: "apr_ours", status: "pending", state: "{}", waiting_for: "{cfo@example.com}" },
    ...{ created_at: "2026-01-01Z", updated_at: "2026-01-01Z" },
  },
  // Written by the trigger of approvals.
  approval_waiting: {},
  idempotency_keys: { operation: "POST /v1/orders", key: "k", request_hash: "h", object_id: "ord_ours" },
  audit_index: {
    ...{
      id: "ent_ours",
      order_id: "ord_ours",
      seq: 0,
      type: "order.created",
      actor_type: "api",
      actor_id: "a",
    },
    ...{ at: "2026-01-01Z", workflow_id: "ord_ours", stream_offset: 0 },
  },
  reconciliations: {
    ...{ id: "rec_ours", started_by: "sam@example.com", status: "finished", since: "2026-01-01Z" },
    ...{ started_at: "2026-01-02Z", touched_at: "2026-01-02Z" },
  },
  delegations: {
    ...{ id: "dlg_ours", from_address: "cfo@example.com", to_address: "sam@example.com", created_by: "a" },
    ...{ starts_at: "2026-01-01Z", ends_at: "2026-02-01Z" },
  },
  webhook_endpoints: {
    id: "whe_ours",
    url: "https://merchant.example",
    event_types: "{*}",
    secret: "s",
    created_by: "a",
  },
  api_keys: { id: "key_ours", role: "viewer", user_name: "a", hint: "ck_", key_hash: "h", created_by: "a" },
  console_sessions: {
    ...{ id: "ses_ours", token_hash: "h", csrf: "c", user_name: "a", method: "key", credential: "key_ours" },
    expires_at: "2100-01-01Z",
  },
  console_sign_ins: { token_hash: "h", address: "sam@example.com", expires_at: "2100-01-01Z" },
};

let database: TestDatabase;
/** Of the service itself, which serves every tenant. */
let pool: Pool;
/** One connection, which every tenant gets in turn. */
let tenants: Pool;
beforeAll(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url, max: 2 });
  tenants = createTenantPool({ url: database.url, max: 1 });
  for (const [table, row] of Object.entries(ROWS))
    if (Object.keys(row).length > 0) await insert(pool, table, row);
});
afterAll(async () => {
  await Promise.all([pool?.end(), tenants?.end()]);
  await database?.drop();
});

async function insert(db: Pool, table: string, row: Record<string, unknown>): Promise<void> {
  const whole = { tenant: "ours", ...row };
  const names = Object.keys(whole);
  await db.query(
    `insert into countersign.${table} (${names.join(", ")}) values (${names.map((_, i) => `$${i + 1}`).join(", ")})`,
    Object.values(whole),
  );
}

const withTenant = async (): Promise<
  { name: string; enabled: boolean; forced: boolean; policies: number }[]
> => {
  const { rows } = await pool.query<{ name: string; enabled: boolean; forced: boolean; policies: number }>(
    `select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
            (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant'
      where c.relnamespace = 'countersign'::regnamespace and c.relkind in ('r', 'p') order by 1`,
  );
  return rows;
};

const count = async (db: Pick<Pool, "query">, table: string): Promise<number> => {
  const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from countersign.${table}`);
  return rows[0]?.n ?? -1;
};

test("every table that has a tenant has forced row security", async () => {
  const tables = await withTenant();
  expect(tables.map(({ name }) => name)).toEqual(Object.keys(ROWS).sort());
  for (const table of tables)
    expect(table).toEqual({ name: table.name, enabled: true, forced: true, policies: 1 });
});

test("the service is no superuser, for whom row security would not hold", async () => {
  const { rows } = await pool.query(
    "select rolsuper or rolbypassrls as above from pg_roles where rolname = current_user",
  );
  expect(rows).toEqual([{ above: false }]);
});

test.each(Object.keys(ROWS))("rows of another tenant in %s are neither seen nor changed", async (table) => {
  expect(await count(pool, table)).toBe(1);
  expect(await inTenant("ours", () => count(tenants, table))).toBe(1);
  await inTenant("theirs", async () => {
    expect(await count(tenants, table)).toBe(0);
    const changed = await tenants.query(`update countersign.${table} set tenant = 'theirs'`);
    expect(changed.rowCount).toBe(0);
    expect((await tenants.query(`delete from countersign.${table}`)).rowCount).toBe(0);
  });
  expect(await count(pool, table)).toBe(1);
});

test.each(Object.keys(ROWS).filter((table) => Object.keys(ROWS[table] ?? {}).length > 0))(
  "nobody writes a row of another tenant into %s",
  async (table) => {
    const refused = inTenant("theirs", () => insert(tenants, table, ROWS[table] ?? {}));
    await expect(refused).rejects.toMatchObject({ code: "42501" });
    const given = inTenant("ours", () => tenants.query(`update countersign.${table} set tenant = 'theirs'`));
    await expect(given).rejects.toMatchObject({ code: "42501" });
  },
);

test("a connection serves one tenant after another, also after a transaction that was rolled back", async () => {
  for (const [tenant, seen] of [
    ["theirs", 0],
    ["ours", 1],
    ["theirs", 0],
  ] as const) {
    const failing = inTenant(tenant, () =>
      inTransaction(tenants, async (tx) => {
        expect(await count(tx, "orders")).toBe(seen);
        throw new Error("taken back");
      }),
    );
    await expect(failing).rejects.toThrow("taken back");
    expect(await inTenant(tenant, () => count(tenants, "orders"))).toBe(seen);
  }
});

test("requests of two tenants at the same time see their own", async () => {
  const pair = createTenantPool({ url: database.url, max: 2 });
  const seen = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      inTenant(i % 2 ? "theirs" : "ours", async () => [i % 2 ? 0 : 1, await count(pair, "orders")] as const),
    ),
  );
  await pair.end();
  for (const [expected, found] of seen) expect(found).toBe(expected);
});

test("a query of no tenant is refused and sees nothing", async () => {
  await expect(count(tenants, "orders")).rejects.toThrow("no tenant");
  await expect(inTenant("", () => count(tenants, "orders"))).rejects.toThrow("no tenant");
});

test("what outlives its request keeps its tenant", async () => {
  const [ours, theirs] = [boundTo(tenants, "ours"), boundTo(tenants, "theirs")];
  expect(await inTenant("theirs", () => count(ours, "orders"))).toBe(1);
  expect(await count(theirs, "orders")).toBe(0);
});
