import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { clientOf, type TestClient } from "../helpers/service.ts";
import { tablesWith } from "./tables.ts";

let database: TestDatabase;
let db: pg.Client;
let dataDir: string;
let env: Record<string, string>;
let service: TestClient;
let running: ServiceProcess | null = null;

beforeAll(async () => {
  const [port, providerPort] = await Promise.all([freePort(), freePort()]);
  [database, dataDir] = await Promise.all([
    createDatabase(),
    mkdtemp(join(tmpdir(), "countersign-erase-crash-")),
  ]);
  db = new pg.Client(database.url);
  await db.connect();
  env = {
    PORT: String(port),
    PROVIDER_PORT: String(providerPort),
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    LOG_LEVEL: "error",
  };
  service = clientOf(`http://127.0.0.1:${port}`, `http://127.0.0.1:${providerPort}`);
});
afterAll(async () => {
  await running?.end("SIGKILL");
  await db?.end();
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(fault?: string): Promise<void> {
  // Its predecessor is dead for certain: the lease need not run out.
  await db.query("update countersign.executors set lease_until = now() - interval '1 minute'");
  running = await startProcess({ ...env, ...(fault === undefined ? {} : { FAULT_POINT: fault }) });
}

// The order's loop is at rest when the erasure comes: its first transition here is the one that erases.
test.each(["publish:after", "erase_rest:before", "erase_rest:after"])(
  "a process killed at %s leaves an erasure that comes to its end once",
  async (fault) => {
    await start();
    const customer = { email: `buyer+${fault.replace(/\W/g, "-")}@example.com`, name: "Ada Forgettable" };
    const order = await service.create({ customer, description: "for Mina" });
    await service.call("POST", `/v1/orders/${order.id}/cancel`, { reason: "Mina is sad" });
    await service.reached(order.id, "cancelled");
    const words = [customer.email, customer.name, "Mina"];
    expect(await tablesWith(db, words)).toContain("countersign.orders");
    await service.until(
      async () =>
        (await db.query("select from countersign.inbound_webhooks where order_id = $1", [order.id])).rowCount,
      (received) => (received ?? 0) > 0,
    );
    await running?.end();

    await start(fault);
    const erase = () =>
      service.call(
        "POST",
        `/v1/orders/${order.id}/erase`,
        { reason: "asked for" },
        { "idempotency-key": `erase-${fault}` },
      );
    await Promise.all([erase().catch(() => null), running?.ended]);
    expect(await running?.ended).toMatchObject({ signal: "SIGKILL" });

    await start();
    const { body } = await service.until(erase, ({ status }) => status === 200, 20_000);
    expect(body).toMatchObject({ status: "finished", order_id: order.id });
    expect(await tablesWith(db, words)).toEqual([]);
    // Also when it was found before the process died, and the search came to nothing afterwards.
    expect(body["webhooks"]).toBeGreaterThan(0);
    const types = (await service.trail(order.id)).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith("order.eras"))).toEqual([
      "order.erased",
      "order.erasure_finished",
    ]);
    const verdict = await service.call("GET", `/v1/orders/${order.id}/audit/verify`);
    expect(verdict.body).toMatchObject({ valid: true });
    await running?.end();
  },
  90_000,
);
