import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { pino } from "pino";
import Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startMockProvider, type MockProvider } from "../../src/mock-provider/server.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { startReceiver, type Receiver } from "../outbound/receiver.ts";

let provider: MockProvider;
let receiver: Receiver;
let database: TestDatabase;
let sql: pg.Client;
let directory: string;
let env: Record<string, string>;
let running: ServiceProcess | null = null;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-outbound-"));
  const dataDir = join(directory, "provider");
  const log = pino({ level: "silent" });
  [provider, receiver, database] = await Promise.all([
    startMockProvider({ port: 0, host: "127.0.0.1", dataDir, log }),
    startReceiver(),
    createDatabase(),
  ]);
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
  const port = await freePort();
  const { port: providerPort } = new URL(provider.url);
  const apiKey = "sk_test_outbound";
  const stripe = new Stripe(apiKey, {
    host: "127.0.0.1",
    port: providerPort,
    protocol: "http",
    telemetry: false,
  });
  const hook = await stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${port}/webhooks/stripe`,
    enabled_events: ["*"],
  });
  env = {
    PORT: String(port),
    DATABASE_URL: database.url,
    DATA_DIR: join(directory, "data"),
    STRIPE_API_KEY: apiKey,
    STRIPE_API_BASE: provider.url,
    STRIPE_WEBHOOK_SECRETS: hook.secret ?? "",
    LOG_LEVEL: "error",
  };
});
afterAll(async () => {
  await running?.end("SIGKILL");
  await Promise.all([sql?.end(), provider?.stop(), receiver?.close()]);
  await database?.drop();
  await rm(directory, { recursive: true, force: true });
});

async function start(fault?: string): Promise<ServiceProcess | null> {
  // Its predecessor is dead for certain: the lease need not run out, which would only take time.
  await sql.query("update countersign.executors set lease_until = now() - interval '1 minute'");
  running = await startProcess({ ...env, ...(fault === undefined ? {} : { FAULT_POINT: fault }) });
  return running;
}

/** Null when the service died before it answered. */
async function post(path: string, body: unknown, key = path): Promise<{ id: string; secret: string } | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${env["PORT"]}${path}`, {
      method: "POST",
      headers: {
        authorization: "Bearer ck_dev",
        "content-type": "application/json",
        "idempotency-key": key,
      },
      body: JSON.stringify(body),
    });
    return response.ok ? ((await response.json()) as { id: string; secret: string }) : null;
  } catch {
    return null;
  }
}

const around = (...names: string[]) => names.flatMap((name) => [`${name}:before`, `${name}:after`]);

const POINTS = [
  ...around("webhook_claim", "webhook_post", "webhook_record"),
  // In the middle of an order: its events commit with the transition, or not at all.
  ...around("publish", "publish#2"),
];

test(
  "killed at every step, every event of every order arrives, and nothing that did not happen",
  {
    timeout: 240_000,
  },
  async () => {
    await start();
    const hook = await post("/v1/webhook-endpoints", { url: `${receiver.url}/hook` });
    await running?.end("SIGKILL");

    const order = (n: number) => ({
      ...{ reference: `PO-${n}`, amount: 1250, currency: "usd" },
      payment: { mode: "confirm", payment_method: "pm_card_visa" },
    });
    for (const [n, point] of POINTS.entries()) {
      const process = await start(point);
      if (process === null) continue;
      await post("/v1/orders", order(n), `order:${n}`);
      const end = await Promise.race([process.ended, sleep(20_000).then(() => null)]);
      expect(end?.signal, point).toBe("SIGKILL");
    }

    await start();
    const ids: string[] = [];
    for (const n of POINTS.keys()) {
      // The client asks again, as it must: the same order, whether or not the first request was heard.
      for (let answer = null; answer === null; await sleep(50)) {
        answer = await post("/v1/orders", order(n), `order:${n}`);
        if (answer) ids.push(answer.id);
      }
    }
    const pending = async () =>
      (
        await sql.query<{ left: number }>(
          `select (select count(*) from countersign.webhook_deliveries where state <> 'delivered')::int
              + (select count(*) from countersign.orders where status <> 'completed' or segment_open)::int as left`,
        )
      ).rows[0]?.left;
    for (let i = 0; (await pending()) !== 0; i++) {
      expect(i, "everything comes to rest").toBeLessThan(600);
      await sleep(50);
    }

    const events = receiver.events("/hook", hook?.secret ?? "");
    const bodies = new Map(receiver.received.map(({ id, body }) => [id, body]));
    for (const { id, body } of receiver.received) expect(body).toBe(bodies.get(id));
    const once = [...new Map(events.map((event) => [event.webhook_id, event])).values()];
    for (const id of ids)
      expect(
        once
          .filter(({ data }) => data.id === id)
          .map(({ type, data }) => `${data.seq} ${type}`)
          .sort(),
      ).toEqual([expect.stringMatching(/^0 order.created$/), expect.stringMatching(/ order.completed$/)]);
    expect(once).toHaveLength(2 * POINTS.length);
    // Killed between the answer and the record: those came again, and with the same id.
    expect(events.length).toBeGreaterThan(once.length);
  },
);
