import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dumpTables, loadTables } from "../../scripts/histories/tables.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { clientOf, type TestClient } from "../helpers/service.ts";

// A backup is taken, the world goes on, the database is lost and restored to the backup. The provider remembers.

let dataDir: string;
let env: Record<string, string>;
let client: TestClient;
const databases: TestDatabase[] = [];
let running: ServiceProcess | null = null;

async function startOn(database: TestDatabase): Promise<void> {
  running = await startProcess({ ...env, DATABASE_URL: database.url });
}

async function newDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  databases.push(database);
  return database;
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "countersign-restored-"));
  const [port, providerPort] = [await freePort(), await freePort()];
  env = {
    PORT: String(port),
    PROVIDER_PORT: String(providerPort),
    DATA_DIR: dataDir,
    LOG_LEVEL: "error",
    RECONCILE_EVERY_S: "3600",
  };
  client = clientOf(`http://127.0.0.1:${port}`, `http://127.0.0.1:${providerPort}`);
});
afterAll(async () => {
  await running?.end("SIGKILL");
  for (const database of databases) await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Report {
  id: string;
  status: string;
}

const linkFor = async (reference: string): Promise<string> => {
  const mail = await client.mail("finance@example.com", (m) => m.subject.includes(reference));
  return mail.links[0] ?? "";
};

test("after a restore from a backup the provider's events bring back what happened since, and the trail says so", async () => {
  const before = await newDatabase();
  await startOn(before);
  const unpaid = await client.create({ reference: "PO-unpaid" });
  const asked = await client.create({ reference: "PO-asked", amount: 125_000 });
  await client.pay(asked);
  const link = await linkFor("PO-asked");
  const rejected = await client.create({ reference: "PO-rejected", amount: 125_000 });
  await client.pay(rejected);
  const otherLink = await linkFor("PO-rejected");
  const sold = await client.create({ reference: "PO-sold" });
  await client.pay(sold);
  await client.reached(sold.id, "completed");
  await client.until(
    () => client.order(rejected.id),
    ({ status }) => status === "awaiting_approval",
  );

  const backup = await dumpTables(before.url);

  await client.pay(unpaid);
  await client.reached(unpaid.id, "completed");
  await client.decide(link, "approve");
  await client.reached(asked.id, "completed");
  await client.decide(otherLink, "reject");
  await client.reached(rejected.id, "rejected");
  await client.call("POST", `/v1/orders/${sold.id}/refunds`, { amount: 250, reason: "a part came broken" });
  await client.reached(sold.id, "partially_refunded");
  const lost = await client.create({ reference: "PO-made-after-the-backup" });
  await client.pay(lost);
  await client.reached(lost.id, "completed");
  const truth = new Map<string, OrderView>();
  for (const { id } of [unpaid, asked, rejected, sold]) truth.set(id, await client.order(id));
  await running?.end("SIGKILL");

  const restored = await newDatabase();
  await loadTables(restored.adminUrl, backup);
  await startOn(restored);
  expect((await client.order(unpaid.id)).status).toBe("awaiting_payment");
  const { body } = await client.call<Report>("POST", "/v1/reconciliations", {
    since: new Date(Date.now() - 3_600_000).toISOString(),
    all_events: true,
  });
  await client.until(
    async () => (await client.call<Report>("GET", `/v1/reconciliations/${body.id}`)).body,
    ({ status }) => status === "finished",
    30_000,
  );

  for (const [id, then] of truth) {
    const now = await client.until(
      () => client.order(id),
      ({ payment }) =>
        payment.amount_captured === then.payment.amount_captured &&
        payment.amount_refunded === then.payment.amount_refunded,
    );
    expect(await client.ledger(now.payment.id), now.reference).toMatchObject({
      captured: now.payment.amount_captured,
      refunded: now.payment.amount_refunded,
    });
    const trail = await client.trail(id);
    expect(trail.some(({ data }) => data["source"] === "reconciliation" || data["recovered"] === true)).toBe(
      true,
    );
    const { body: proof } = await client.call("GET", `/v1/orders/${id}/audit/verify`);
    expect(proof).toMatchObject({ valid: true });
  }
  expect((await client.order(unpaid.id)).status).toBe("completed");
  expect((await client.order(sold.id)).status).toBe("partially_refunded");
  expect((await client.order(rejected.id)).status).toBe("cancelled");

  // A decision that is not in the backup was never made: the operator hears of it, and the same link decides again.
  const twice = await client.order(asked.id);
  expect(twice).toMatchObject({ status: "awaiting_approval", payment: { amount_captured: 125_000 } });
  expect((await client.trail(asked.id)).map(({ type }) => type)).toContain("operator.alerted");
  await client.decide(link, "approve");
  await client.reached(asked.id, "completed");
  expect(await client.ledger(twice.payment.id)).toMatchObject({ captured: 125_000, captures: 1 });

  // Whoever made an order after the backup has to be asked: its events wait for it.
  const parked = await client.call<{ data: { order_id: string | null; reason: string }[] }>(
    "GET",
    "/v1/webhooks/inbox?state=parked&limit=100",
  );
  expect(parked.body.data.some(({ reason }) => reason.includes(lost.id))).toBe(true);
}, 120_000);
