import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { createEmptyDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

// Two processes on a database that tells nobody of anything, as CockroachDB: one takes requests, the other runs workflows.

let database: TestDatabase;
let api: TestService;
let worker: ServiceProcess | null;

beforeAll(async () => {
  database = await createEmptyDatabase();
  const shared = { DATABASE_URL: database.url, DATABASE_NOTIFY: "off", LINK_SECRETS: `1:${"x".repeat(40)}` };
  api = await startTestService({ ...shared, ROLE: "api" });
  worker = await startProcess({
    ...shared,
    ROLE: "worker",
    PORT: String(await freePort()),
    PUBLIC_URL: api.url,
    STRIPE_API_BASE: api.providerUrl ?? "",
    SMTP_URL: "smtp://127.0.0.1:9",
    LOG_LEVEL: "warn",
  });
}, 90_000);
afterAll(async () => {
  await worker?.end();
  await api?.end();
  await database?.drop();
});

const headers = { authorization: "Bearer ck_dev" };

async function sql<T extends pg.QueryResultRow>(text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<T>(text);
  await client.end();
  return rows;
}

test("nothing listens, and the engine's tables tell nobody", async () => {
  const found = await sql(
    `select query from pg_stat_activity where datname = current_database() and query ilike 'listen%'
     union all select tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
       join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'dbos' and not tgisinternal`,
  );
  expect(found).toEqual([]);
});

test("orders end, and who waits for an event or follows a trail has it within seconds", async () => {
  const order = await api.create({ reference: "PO-unheard" });
  await api.until(
    () => api.order(order.id),
    ({ payment }) => payment.session_id !== null,
  );
  const waiting = fetch(`${api.url}/v1/orders/${order.id}/events/result?timeout=20`, { headers });
  const following = fetch(`${api.url}/v1/orders/${order.id}/audit/stream`, { headers }).then((answer) =>
    answer.text(),
  );
  const paid = Date.now();
  await api.pay(await api.order(order.id));
  expect((await waiting).status).toBe(200);
  const heard = Date.now() - paid;
  const trail = await following;
  console.log(`from the payment to the result ${heard} ms, to the end of the trail ${Date.now() - paid} ms`);
  expect(trail).toMatch(/order\.completed/);
  expect(trail).toMatch(/event: end/);
  expect(Date.now() - paid).toBeLessThan(10_000);
  const ended = await api.call<OrderView>("GET", `/v1/orders/${order.id}`);
  expect(ended.body).toMatchObject({ status: "completed", payment: { amount_captured: 1250 } });
});

test("a command for a parked order is heard by the process that has it", async () => {
  const order = await api.create({ reference: "PO-parked" });
  await api.until(
    () => api.order(order.id),
    ({ payment }) => payment.session_id !== null,
  );
  expect((await api.call("POST", `/v1/orders/${order.id}/cancel`, { reason: "no" })).status).toBe(202);
  await api.reached(order.id, "cancelled");
});
