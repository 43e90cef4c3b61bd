import { cp, mkdtemp, readFile, readdir, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DBOS } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadTables, type Tables } from "../../scripts/histories/tables.ts";
import type { Told } from "../../scripts/histories/told.ts";
import { migrate } from "../../src/db/migrate.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { createEmptyDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { clientOf, type TestClient } from "../helpers/service.ts";

const HISTORIES = join(import.meta.dirname, "../histories");
const MIGRATIONS = join(import.meta.dirname, "../../src/db/migrations");

interface History {
  link_secrets: string;
  told: Told;
  tables: Tables & { migrations: string[] };
}

const releases = await readdir(HISTORIES);

// Each was recorded by the release's own code (`scripts/histories/record.ts`), in the year 2100, so that nothing has run out.
describe.each(releases)("what release %s left open goes on with the code of today", (release) => {
  let history: History;
  let database: TestDatabase;
  let dataDir: string;
  let running: ServiceProcess | null;
  let client: TestClient;
  let url: string;

  beforeAll(async () => {
    history = JSON.parse(await readFile(join(HISTORIES, release, "history.json"), "utf8")) as History;
    database = await createEmptyDatabase();
    dataDir = await mkdtemp(join(tmpdir(), "countersign-history-"));
    await installedThen(database.url, history.tables.migrations);
    await loadTables(database.adminUrl, history.tables);
    await cp(join(HISTORIES, release, "provider"), join(dataDir, "provider"), { recursive: true });
    const [port, providerPort] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${port}`;
    running = await startProcess({
      PORT: String(port),
      PROVIDER_PORT: String(providerPort),
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      LINK_SECRETS: history.link_secrets,
      LOG_LEVEL: "error",
    });
    client = clientOf(url, `http://127.0.0.1:${providerPort}`);
  }, 90_000);
  afterAll(async () => {
    await running?.end("SIGKILL");
    await database?.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** The schema as the release had it: its migrations alone, on the engine's tables. */
  async function installedThen(at: string, migrations: string[]): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), "countersign-migrations-"));
    await cp(MIGRATIONS, directory, { recursive: true });
    for (const name of await readdir(directory))
      if (!migrations.includes(name)) await unlink(join(directory, name));
    await DBOS.migrate(at);
    await migrate(at, directory);
    await rm(directory, { recursive: true });
  }

  const find = (reference: string): Promise<OrderView> => {
    const told = history.told.orders.find((order) => order.reference === reference);
    if (!told) throw new Error(`${release} has no order ${reference}`);
    return client.order(told.id);
  };
  const click = (link: string, decision: string) => client.decide(url + history.told.links[link], decision);
  const send = async (id: string, topic: string, message: unknown) =>
    expect((await client.call("POST", `/v1/orders/${id}/messages`, { topic, message })).status).toBe(202);

  test("every order is where it was, and every trail verifies", async () => {
    for (const { id, status, entries } of history.told.orders) {
      const order = await client.order(id);
      expect(order).toMatchObject({ status, audit: { entries } });
      const { body } = await client.call("GET", `/v1/orders/${id}/audit/verify`);
      expect(body).toMatchObject({ valid: true, entries });
    }
  });

  test("a customer pays on the page that was open", async () => {
    const order = await find("PO-waits-for-payment");
    await client.pay(order);
    await client.reached(order.id, "completed");
  });

  test("a mailed link decides, and the money is captured", async () => {
    const order = await find("PO-waits-for-approval");
    expect((await click("PO-waits-for-approval", "approve")).status).toBe(200);
    const { payment } = await client.reached(order.id, "completed");
    expect(payment.amount_captured).toBe(125_000);
  });

  test("the second gate knows of the first one's vote", async () => {
    const order = await find("PO-waits-for-second-gate");
    expect((await click("PO-waits-for-second-gate", "approve")).status).toBe(200);
    const done = await client.reached(order.id, "completed");
    expect(done.approval?.votes).toHaveLength(2);
  });

  test("orders that wait for the merchant go on when it speaks", async () => {
    const manual = await find("PO-waits-for-capture");
    await send(manual.id, "capture", { amount: 1000 });
    await client.reached(manual.id, "completed");
    const declined = await find("PO-declined");
    await send(declined.id, "payment_method", { payment_method: "pm_card_visa" });
    await client.reached(declined.id, "completed");
  });

  test("an ended order is refunded, in full at last", async () => {
    for (const [reference, amount] of [
      ["PO-completed", 1250],
      ["PO-partly-refunded", 1000],
    ] as const) {
      const { id } = await find(reference);
      const answer = await client.call("POST", `/v1/orders/${id}/refunds`, { amount, reason: "not wanted" });
      expect(answer.status).toBe(201);
      await client.reached(id, "refunded");
    }
  });

  test("an approval of its own is decided by its link", async () => {
    for (const { id, title } of history.told.approvals) {
      expect((await click(title, "reject")).status).toBe(200);
      const { body } = await client.call("GET", `/v1/approvals/${id}`);
      expect(body).toMatchObject({ status: "rejected" });
    }
  });

  test("afterwards every trail still verifies, on the same chain, and nothing is left unread", async () => {
    for (const { id, entries } of history.told.orders) {
      const { body } = await client.call<{ valid: boolean; entries: number }>(
        "GET",
        `/v1/orders/${id}/audit/verify`,
      );
      expect(body).toMatchObject({ valid: true });
      expect(body.entries).toBeGreaterThan(entries);
    }
    const db = new pg.Client({ connectionString: database.url });
    await db.connect();
    await client.until(
      async () => (await db.query("select from dbos.notifications where consumed = false")).rowCount,
      (unread) => unread === 0,
    );
    const { rows } = await db.query("select workflow_uuid from dbos.workflow_status where status = 'ERROR'");
    await db.end();
    expect(rows).toEqual([]);
  });
});
