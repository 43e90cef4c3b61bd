import { readFile } from "node:fs/promises";
import { DBOSClient } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import * as internals from "../../src/engine/internals.ts";
import { publishAs, type Publishing } from "../../src/engine/publishing.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

// What we use of the engine beyond its public API is made for one release of it. An upgrade begins with what fails here.

let database: TestDatabase;
let service: TestService;
let sql: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  service = await startTestService({ DATABASE_URL: database.url });
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await service?.end();
  await database?.drop();
});

test("the engine is the release that our own writing was made for", async () => {
  const read = async (path: string) =>
    JSON.parse(await readFile(new URL(`../../${path}`, import.meta.url), "utf8")) as {
      version: string;
      dependencies: Record<string, string>;
    };
  const { dependencies } = await read("package.json");
  const { version } = await read("node_modules/@dbos-inc/dbos-sdk/package.json");
  expect(
    { asked: dependencies["@dbos-inc/dbos-sdk"], installed: version },
    "read src/engine/internals.ts and direct-journal.ts against the new release, then write its number here",
  ).toEqual({ asked: "5.3.0", installed: "5.3.0" });
});

test("what is used of its insides is where it was", () => {
  expect(() => internals.messageCallbacks()).not.toThrow();
  expect(() => internals.eventCallbacks()).not.toThrow();
  expect(() => internals.streamCallbacks()).not.toThrow();
  expect(internals.listener()).not.toBeNull();
  expect(internals.isRunning("nobody")).toBe(false);
  expect(internals.WAITING_QUEUE).toBe("_dbos_internal_queue");
  expect([internals.CHANNEL, internals.EVENT_CHANNEL, internals.STREAM_CHANNEL]).toEqual([
    "dbos_notifications_channel",
    "dbos_workflow_events_channel",
    "dbos_streams_channel",
  ]);
  expect(() => internals.currentOwner()).toThrow("only a workflow's run has an owner");
});

/** Rows of one order in each of the engine's tables. */
const TABLES = {
  workflow_status: "workflow_uuid",
  workflow_input: "workflow_uuid",
  workflow_output: "workflow_uuid",
  operation_outputs: "workflow_uuid",
  workflow_events: "workflow_uuid",
  workflow_events_history: "workflow_uuid",
  streams: "workflow_uuid",
};

const TIME = /(_at|_ms|_timestamp)$/;

/** The rows without what differs from order to order: ids, tokens and times. */
async function rowsOf(id: string): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const [table, key] of Object.entries(TABLES)) {
    const { rows } = await sql.query<Record<string, unknown>>(
      `select * from dbos.${table} where ${key} = $1`,
      [id],
    );
    found[table] = rows
      .map((row) => JSON.stringify(Object.fromEntries(Object.entries(row).map(alike))))
      .sort()
      .map((row) => JSON.parse(row) as unknown);
  }
  return found;

  function alike([column, value]: [string, unknown]): [string, unknown] {
    if (value === null) return [column, null];
    if (TIME.test(column)) return [column, "a time"];
    if (column === "creator_xid") return [column, "a token"];
    if (typeof value !== "string") return [column, value];
    const text = value
      .replaceAll(/\b(ord|aud|cs_test|pi|req)_[A-Za-z0-9_]+/g, "$1_")
      .replaceAll(/\d{4}-\d\d-\d\dT[0-9:.]+Z/g, "a time")
      .replaceAll(/\b[0-9a-f]{64}\b/g, "a hash")
      .replaceAll(/\btest-\d+-\d+/g, "a key");
    return [column, text];
  }
}

const stepsOf = (rows: Record<string, unknown[]>): number => rows["operation_outputs"]?.length ?? 0;

/** Waits until the engine's row of a workflow says so. */
const hasStatus = (id: string, status: string) =>
  service.until(
    async () => {
      const { rows } = await sql.query<{ status: string }>(
        "select status from dbos.workflow_status where workflow_uuid = $1",
        [id],
      );
      return rows[0]?.status;
    },
    (found) => found === status,
  );

async function completedAs(publishing: Publishing): Promise<string> {
  publishAs(publishing);
  try {
    const order = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
    await service.reached(order.id, "completed");
    await hasStatus(order.id, "SUCCESS");
    return order.id;
  } finally {
    publishAs("direct");
  }
}

test("rows that we write are, column by column, those that the engine's own steps write", async () => {
  let [written, expected] = [
    await rowsOf(await completedAs("direct")),
    await rowsOf(await completedAs("plain")),
  ];
  // In how many transitions an order hears of its payment depends on when the webhooks arrive.
  for (let tries = 0; tries < 20 && stepsOf(written) !== stepsOf(expected); tries++)
    if (stepsOf(written) > stepsOf(expected)) written = await rowsOf(await completedAs("direct"));
    else expected = await rowsOf(await completedAs("plain"));
  expect(Object.values(expected).every((rows) => rows.length > 0)).toBe(true);
  expect(written).toEqual(expected);
});

test("the engine's own readers read them: result, steps, events and stream", async () => {
  const id = await completedAs("direct");
  const client = await DBOSClient.create({ systemDatabaseUrl: database.url });
  try {
    const handle = client.retrieveWorkflow<null>(id);
    expect(await handle.getStatus()).toMatchObject({ status: "SUCCESS", workflowName: "order" });
    expect(await handle.getResult()).toBeNull();
    const steps = await client.listWorkflowSteps(id);
    expect(steps?.map(({ functionID }) => functionID)).toEqual(steps?.map((_, i) => i));
    expect(steps?.slice(0, 3).map(({ name }) => name)).toEqual([
      "countersign.publish",
      "open_payment",
      "countersign.publish",
    ]);
    expect(steps?.[1]?.output).toMatchObject({ type: "effect.done" });
    expect(await client.getEvent<string>(id, "status", 1)).toBe("completed");
    const entries: AuditEntry[] = [];
    for await (const entry of client.readStream<AuditEntry>(id, "audit")) entries.push(entry);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i));
    expect(entries.at(-1)?.type).toBe("order.completed");
  } finally {
    await client.destroy();
  }
});

test("either way goes on with what the other has begun", async () => {
  for (const [begun, goneOn] of [
    ["direct", "plain"],
    ["plain", "direct"],
  ] as const) {
    publishAs(begun);
    const order = await service.create();
    await service.until(
      () => service.order(order.id),
      ({ payment }) => payment.session_id !== null,
    );
    // As another process would: under another token, from the rows alone.
    publishAs(goneOn);
    await sql.query(
      "update dbos.workflow_status set status = 'ENQUEUED', owner_xid = null, queue_name = $2 where workflow_uuid = $1",
      [order.id, internals.WAITING_QUEUE],
    );
    await hasStatus(order.id, "PENDING");
    await service.pay(order);
    await service.reached(order.id, "completed");
    expect(await service.ledger((await service.order(order.id)).payment.id)).toMatchObject({ captures: 1 });
  }
  publishAs("direct");
});
