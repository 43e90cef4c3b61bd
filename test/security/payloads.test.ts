import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resealAll } from "../../src/cli/reseal.ts";
import { loadConfig } from "../../src/config.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { clientOf, type TestClient } from "../helpers/service.ts";

// PAYLOAD_KEYS: what the engine's tables hold of people is encrypted, by keys that rotate while orders wait.

const [ONE, TWO] = ["1:the-first-payload-secret", "2:the-second-payload-secret"];
const PEOPLE = /ada@example\.com|Ada Lovelace|finance@example\.com|birthday present|looks good to me/;

let database: TestDatabase;
let sql: pg.Client;
let dataDir: string;
let ports: { PORT: string; PROVIDER_PORT: string };
let running: ServiceProcess | null = null;
let client: TestClient;

beforeAll(async () => {
  database = await createDatabase();
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
  dataDir = await mkdtemp(join(tmpdir(), "countersign-payloads-"));
  ports = { PORT: String(await freePort()), PROVIDER_PORT: String(await freePort()) };
  client = clientOf(`http://127.0.0.1:${ports.PORT}`, `http://127.0.0.1:${ports.PROVIDER_PORT}`);
});
afterAll(async () => {
  await running?.end();
  await sql?.end();
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

async function startWith(keys: string): Promise<void> {
  await running?.end();
  running = null;
  running = await startProcess({
    ...ports,
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    LOG_LEVEL: "error",
    ...(keys === "" ? {} : { PAYLOAD_KEYS: keys }),
  });
}

const PAYLOADS = {
  notifications: "message",
  operation_outputs: "output",
  workflow_events: "value",
  workflow_events_history: "value",
  workflow_input: "inputs",
};

/** Every payload of the engine's, with the table that holds it. */
async function payloads(): Promise<string[]> {
  const found: string[] = [];
  for (const [table, column] of Object.entries(PAYLOADS)) {
    const { rows } = await sql.query<{ text: string | null }>(`select ${column} as text from dbos.${table}`);
    found.push(...rows.flatMap(({ text }) => (text === null ? [] : [`${table} ${text}`])));
  }
  return found;
}

const versions = async (): Promise<Set<string>> =>
  new Set((await payloads()).flatMap((text) => /\{"sealed":"([^.]+)\./.exec(text)?.[1] ?? []));

/** An order of a named customer, with a note, that waits for approval. */
async function waiting(reference: string): Promise<string> {
  const order = await client.create({
    reference,
    amount: 150_000,
    customer: { email: "ada@example.com", name: "Ada Lovelace" },
  });
  const note = { topic: "note", message: { text: "a birthday present" } };
  expect((await client.call("POST", `/v1/orders/${order.id}/messages`, note)).status).toBe(202);
  await client.pay(order);
  await client.reached(order.id, "awaiting_approval");
  return order.id;
}

async function approve(reference: string): Promise<void> {
  const mail = await client.mail("finance@example.com", (m) => m.subject.includes(reference));
  expect((await client.decide(mail.links[0] ?? "", "approve", "looks good to me")).status).toBe(200);
}

const config = (keys: string) =>
  loadConfig({ DATABASE_URL: database.url, ...(keys === "" ? {} : { PAYLOAD_KEYS: keys }) }, dataDir);

// Services are started in them.
const LONG = { timeout: 120_000 };

test(
  "with a key nothing that is written from then on can be read in the engine's tables, and all works",
  LONG,
  async () => {
    await startWith("");
    await waiting("PO-plain");
    expect((await payloads()).some((text) => PEOPLE.test(text))).toBe(true);

    await startWith(ONE);
    const before = new Set(await payloads());
    const id = await waiting("PO-sealed");
    await approve("PO-sealed");
    const done = await client.reached(id, "completed");
    expect(done.payment.amount_captured).toBe(150_000);
    const { body } = await client.call<Record<string, unknown>>("GET", `/v1/orders/${id}/events`);
    expect(body).toMatchObject({ status: "completed" });
    const written = (await payloads()).filter((text) => !before.has(text));
    expect(written.length).toBeGreaterThan(10);
    expect(written.filter((text) => PEOPLE.test(text))).toEqual([]);
  },
);

test("a secret that changed, or a version that is gone, is refused and named before anything is touched", async () => {
  const refusal = (keys: string) => expect(async () => resealAll(config(keys))).rejects;
  await refusal("1:another-secret-altogether").toThrow(
    "PAYLOAD_KEYS: the version 1 was another when this was stored",
  );
  await refusal(TWO).toThrow("PAYLOAD_KEYS: the version 1 is needed, and is not there");
  await refusal("").toThrow("PAYLOAD_KEYS: the version 1 is needed, and is not there");
  await refusal("1:short").toThrow(/PAYLOAD_KEYS.*at least 16 characters/s);
  await refusal(`${ONE},${ONE}`).toThrow(/PAYLOAD_KEYS.*each version once/s);
});

test(
  "keys rotate while orders wait: the old one goes when all is resealed, in the end encryption too",
  LONG,
  async () => {
    await startWith(`${TWO},${ONE}`);
    const id = await waiting("PO-rotated");
    expect(await versions()).toEqual(new Set(["1", "2"]));

    // Also what was written before there was any key.
    const written = await resealAll(config(`${TWO},${ONE}`));
    const { notifications, operation_outputs, workflow_events, workflow_events_history } = written;
    for (const rows of [notifications, operation_outputs, workflow_events, workflow_events_history])
      expect(rows).toBeGreaterThan(0);
    expect(await versions()).toEqual(new Set(["2"]));
    expect((await payloads()).filter((text) => PEOPLE.test(text))).toEqual([]);

    await startWith(TWO);
    await approve("PO-plain");
    await approve("PO-rotated");
    await client.reached(id, "completed");

    await resealAll(config(`off,${TWO}`));
    expect(await versions()).toEqual(new Set());
    await startWith("");
    const refund = { amount: 100, reason: "a scratch" };
    expect((await client.call("POST", `/v1/orders/${id}/refunds`, refund)).status).toBe(201);
    await client.reached(id, "partially_refunded");
    const { rows } = await sql.query("select from dbos.workflow_status where status = 'ERROR'");
    expect(rows).toEqual([]);
  },
);
