import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { startMockProvider, type MockProvider } from "../../src/mock-provider/server.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess } from "../helpers/process.ts";
import { clientOf, type TestClient } from "../helpers/service.ts";
import { deliver, event, intentOf, randomId, type Stored } from "../inbox/provider-events.ts";

/** Where the process dies while it takes webhooks in: around the commit, before it answers, and around the commit of what was set aside. */
const POINTS = [
  "intake:before",
  "intake_commit:after",
  "intake:after",
  "intake_aside:before",
  "intake_aside:after",
];

let provider: MockProvider;
let database: TestDatabase;
let db: pg.Client;
let dir: string;
let port: number;
let client: TestClient;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "countersign-intake-"));
  [database, port] = await Promise.all([createDatabase(), freePort()]);
  // Nobody listens to it: all webhooks are sent by the test, as often as it takes.
  const log = pino({ level: "silent" });
  provider = await startMockProvider({ port: 0, host: "127.0.0.1", dataDir: dir, log });
  db = new pg.Client({ connectionString: database.url });
  await db.connect();
  client = clientOf(`http://127.0.0.1:${port}`, provider.url);
});
afterAll(async () => {
  await db?.end();
  await provider?.stop();
  await database?.drop();
  await rm(dir, { recursive: true, force: true });
});

async function start(fault?: string) {
  // Its predecessor is dead for certain: the lease need not run out, which would only take time.
  await db.query("update countersign.executors set lease_until = now() - interval '1 minute'");
  const running = await startProcess({
    ...{ PORT: String(port), DATABASE_URL: database.url, DATA_DIR: dir, LOG_LEVEL: "error" },
    ...{ STRIPE_API_BASE: provider.url, RECONCILE_EVERY_S: "3600" },
    ...(fault === undefined ? {} : { FAULT_POINT: fault }),
  });
  if (!running) throw new Error(`${fault} struck before a webhook came`);
  return running;
}

/** Sends until it is taken, as a provider does, only sooner. */
async function insist(body: object, signal: AbortSignal): Promise<void> {
  while ((await deliver(`http://127.0.0.1:${port}`, body).catch(() => 0)) !== 204) {
    signal.throwIfAborted();
    await sleep(100);
  }
}

/** What the provider tells of an order that is paid and refunded in part, one change of it twice. */
function told(order: OrderView) {
  const paid = intentOf(order, { status: "succeeded", amount_received: 1250 });
  const back = { id: randomId("re"), object: "refund", amount: 100, status: "succeeded" };
  const refund = { ...back, payment_intent: order.payment.id, metadata: { order_id: order.id } };
  const twins = [0, 1].map(() => event("payment_intent.succeeded", paid));
  return [event("payment_intent.processing", intentOf(order)), ...twins, event("refund.created", refund)];
}

test(
  "killed at every step of taking webhooks in, none is lost and none counts twice",
  { timeout: 120_000 },
  async () => {
    const signal = AbortSignal.timeout(100_000);
    const sent: { order: OrderView; events: { id: string }[] }[] = [];
    const sending: Promise<void>[] = [];
    let orders: OrderView[] = [];
    for (const point of POINTS) {
      const running = await start(point);
      // All while nothing kills it yet: what was not answered is sent again at once when the next one starts.
      if (orders.length === 0)
        orders = await Promise.all(POINTS.map(() => client.create({ payment: { mode: "client" } })));
      const order = orders[sent.length];
      if (!order) throw new Error("an order for each point");
      const events = told(order);
      sent.push({ order, events });
      sending.push(...events.map((each) => insist(each, signal)));
      expect((await running.ended).signal, point).toBe("SIGKILL");
    }
    const running = await start();
    try {
      await Promise.all(sending);
      for (const { order, events } of sent) {
        const { payment } = await client.reached(order.id, "partially_refunded");
        expect(payment).toMatchObject({ amount_captured: 1250, amount_refunded: 100 });
        const types = (await client.trail(order.id)).map(({ type }) => type);
        for (const type of ["payment.captured", "refund.succeeded"])
          expect(
            types.filter((each) => each === type),
            type,
          ).toHaveLength(1);
        const { rows } = await db.query<Stored>(
          "select event_id, state, order_id from countersign.inbound_webhooks where event_id = any($1)",
          [events.map(({ id }) => id)],
        );
        expect(rows.map(({ event_id }) => event_id).sort()).toEqual(events.map(({ id }) => id).sort());
        for (const row of rows)
          expect(row).toMatchObject({
            state: expect.stringMatching(/routed|ignored/) as string,
            order_id: order.id,
          });
      }
      const { rows: unread } = await db.query("select from dbos.notifications where consumed = false");
      expect(unread).toEqual([]);
    } finally {
      await running.end();
    }
  },
);
