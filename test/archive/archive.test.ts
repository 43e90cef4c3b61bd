import { readFile, rm, writeFile } from "node:fs/promises";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archivePass } from "../../src/archive/archiver.ts";
import { createDirectoryStore } from "../../src/archive/directory.ts";
import type { ArchiveStore } from "../../src/archive/store.ts";
import { verifyChain } from "../../src/audit/verify.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { createLog } from "../../src/log.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

const DAY_MS = 86_400_000;
const log = createLog("silent");

let service: TestService;
let pool: Pool;
let sql: pg.Client;
let directory: string;
let store: ArchiveStore;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-archive-"));
  service = await startTestService({ ARCHIVE_URL: `file://${directory}`, ARCHIVE_AFTER_DAYS: "30" });
  pool = createPool({ url: service.databaseUrl, max: 4, log });
  sql = new pg.Client({ connectionString: service.databaseUrl });
  await sql.connect();
  store = createDirectoryStore(directory);
});
afterAll(async () => {
  await sql?.end();
  await pool?.end();
  await service?.end();
  await rm(directory, { recursive: true, force: true });
});

/** What the service does by itself, so many days from now. */
const pass = (days: number, to: ArchiveStore = store) =>
  archivePass({ pool, store: to, log, afterDays: 30 }, new Date(Date.now() + days * DAY_MS));

/** An order that was approved, captured, and is over. */
async function ended(reference: string): Promise<OrderView> {
  const order = await service.create({ reference, amount: 125_000 });
  await service.pay(order);
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes(reference));
  await service.decide(mail.links[0] ?? "", "approve", "as agreed");
  await service.reached(order.id, "completed");
  await allDelivered();
  await atRest(order.id);
  return service.order(order.id);
}

/** The provider has told all that it has to tell: what comes late opens an order once more. */
async function allDelivered(): Promise<void> {
  const events = async () => {
    const response = await fetch(`${service.providerUrl}/v1/events?limit=100`, {
      headers: { authorization: "Bearer sk_test_mock" },
    });
    return ((await response.json()) as { data: { pending_webhooks: number }[] }).data;
  };
  await service.until(events, (data) => data.every(({ pending_webhooks }) => pending_webhooks === 0));
}

/** Also mails and reports that follow the end are over: only then an order may be archived. */
const atRest = (id: string) =>
  service.until(
    async () =>
      (
        await sql.query(
          `select from countersign.orders where id = $1 and segment_open
           union all select from countersign.approvals where order_id = $1 and segment_open
           union all select from dbos.workflow_status where status <> 'SUCCESS'`,
          [id],
        )
      ).rowCount,
    (open) => open === 0,
  );

async function exported(id: string): Promise<string> {
  const headers = { authorization: "Bearer ck_dev", accept: "application/x-ndjson" };
  return (await fetch(`${service.url}/v1/orders/${id}/audit`, { headers })).text();
}

const verified = async (id: string) =>
  (await service.call<{ valid: boolean; entries: number }>("GET", `/v1/orders/${id}/audit/verify`)).body;

/** How many rows of the engine and of the index are left of an order and its approvals. */
async function rowsOf(id: string): Promise<number> {
  const { rows } = await sql.query<{ ids: string[] }>(
    "select array_agg(id) || $1::text as ids from countersign.approvals where order_id = $1",
    [id],
  );
  const patterns = (rows[0]?.ids ?? [id]).map((each) => `${each}%`);
  const tables = [
    ...["workflow_status", "workflow_input", "workflow_output", "operation_outputs", "streams"],
    ...["workflow_events", "workflow_events_history"],
  ].map((table) => `select workflow_uuid as id from dbos.${table}`);
  const { rows: left } = await sql.query<{ left: number }>(
    `select count(*)::int as left from (${tables.join(" union all ")}
            union all select destination_uuid from dbos.notifications
            union all select order_id from countersign.audit_index
            union all select order_id from countersign.audit_restored) as r
      where id like any($1)`,
    [patterns],
  );
  return left[0]?.left ?? -1;
}

test("an old order's trail moves to a file, and reads as before", async () => {
  const order = await ended("PO-archived");
  const before = {
    order: await service.order(order.id),
    trail: await exported(order.id),
    events: (await service.call("GET", `/v1/orders/${order.id}/events`)).body,
  };
  expect(await pass(29)).toBe(0);
  expect(await rowsOf(order.id)).toBeGreaterThan(20);

  expect(await pass(31)).toBe(1);
  expect(await rowsOf(order.id)).toBe(0);
  expect((await sql.query("select from countersign.idempotency_keys")).rowCount).toBe(0);
  const { rows } = await sql.query<{ name: string }>(
    "select name from countersign.archives where order_id = $1",
    [order.id],
  );
  const file = await readFile(join(directory, rows[0]?.name ?? ""), "utf8");
  expect(file).toBe(before.trail);
  expect(await verifyChain(file.trim().split("\n"), before.order.audit)).toMatchObject({ valid: true });

  expect(await service.order(order.id)).toEqual(before.order);
  expect((await service.call("GET", `/v1/orders/${order.id}/events`)).body).toEqual(before.events);
  expect(await exported(order.id)).toBe(before.trail);
  expect(await verified(order.id)).toMatchObject({ valid: true, entries: before.order.audit.entries });
  const list = await service.call<{ data: unknown[] }>("GET", `/v1/audit?order_id=${order.id}&limit=100`);
  expect(list.body.data).toHaveLength(before.order.audit.entries);

  // What was brought back for readers goes again, and comes again.
  expect(await rowsOf(order.id)).toBeGreaterThan(0);
  expect(await pass(33)).toBe(0);
  expect(await rowsOf(order.id)).toBe(0);
  expect(await exported(order.id)).toBe(before.trail);
});

test("an archived order goes on when somebody asks for a refund, and is archived with all of it", async () => {
  const order = await ended("PO-late-refund");
  expect(await pass(31)).toBe(1);
  const answer = await service.call("POST", `/v1/orders/${order.id}/refunds`, {
    amount: 2500,
    reason: "late",
  });
  expect(answer.status).toBe(201);
  await service.reached(order.id, "partially_refunded");
  await atRest(order.id);
  const now = await service.until(
    () => verified(order.id),
    ({ valid }) => valid,
  );
  expect(now.entries).toBeGreaterThan(order.audit.entries);
  const trail = await exported(order.id);
  expect(
    trail
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { seq: number }).seq),
  ).toEqual(Array.from({ length: now.entries }, (_, i) => i));
  await service.until(
    () => pass(62),
    (archived) => archived === 1,
  );
  expect(await rowsOf(order.id)).toBe(0);
  expect(await exported(order.id)).toBe(trail);
  expect(await verified(order.id)).toMatchObject(now);
});

test("an archive that fails or loses what it took costs nothing", async () => {
  const order = await ended("PO-unarchived");
  const trail = await exported(order.id);
  const rows = await rowsOf(order.id);
  const failing: ArchiveStore = { ...store, put: () => Promise.reject(new Error("no space left")) };
  const forgetful: ArchiveStore = {
    put: (name, content) => store.put(name, content),
    get: () => Promise.resolve(null),
  };
  const altering: ArchiveStore = {
    put: () => Promise.resolve(),
    get: () => Promise.resolve(Buffer.from("x")),
  };
  for (const bad of [failing, forgetful, altering]) {
    expect(await pass(31, bad)).toBe(0);
    expect(await rowsOf(order.id)).toBe(rows);
  }
  expect(await pass(31)).toBe(1);
  expect(await exported(order.id)).toBe(trail);
});

test("a trail that does not verify is evidence, and stays where it is", async () => {
  const order = await ended("PO-altered");
  await sql.query(
    `update dbos.streams set value = replace(value, '125000', '125001') where workflow_uuid = $1 and "offset" = 0`,
    [order.id],
  );
  expect(await pass(31)).toBe(0);
  expect(await verified(order.id)).toMatchObject({ valid: false, first_bad_seq: 0, fault: "edited" });
});

test("a file that somebody changed is found by verifying, one that is gone is named", async () => {
  const order = await ended("PO-file");
  await pass(31);
  const { rows } = await sql.query<{ name: string }>(
    "select name from countersign.archives where order_id = $1",
    [order.id],
  );
  const path = join(directory, rows[0]?.name ?? "");
  const file = await readFile(path, "utf8");
  await rm(path);
  const gone = await service.call("GET", `/v1/orders/${order.id}/audit`);
  expect(gone).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining(rows[0]!.name) as string },
  });
  const lines = file.split("\n");
  lines[2] = lines[2]!.replace(/"at":"20/, '"at":"19');
  await writeFile(path, lines.join("\n"));
  expect(await verified(order.id)).toMatchObject({ valid: false, first_bad_seq: 2, fault: "edited" });
});

test("an approval of its own keeps its history in its row, and leaves nothing in the engine", async () => {
  const { body, status } = await service.call<{ id: string }>("POST", "/v1/approvals", {
    title: "Lease of the warehouse",
    gates: [{ approvers: ["dev@example.com"] }],
  });
  expect(status, JSON.stringify(body)).toBe(201);
  await service.call("POST", `/v1/approvals/${body.id}/decisions`, { decision: "approve", comment: "fine" });
  const before = await service.until(
    async () => (await service.call("GET", `/v1/approvals/${body.id}`)).body,
    (view) => view["status"] === "approved",
  );
  const left = async () =>
    (await sql.query("select from dbos.workflow_status where workflow_uuid like $1", [`${body.id}%`]))
      .rowCount;
  await service.until(
    async () => {
      await pass(31);
      return left();
    },
    (rows) => rows === 0,
  );
  expect((await service.call("GET", `/v1/approvals/${body.id}`)).body).toEqual(before);
});
