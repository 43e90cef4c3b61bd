import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createPool } from "../../src/db/pool.ts";
import { deleteOldDeliveries, insertDelivery } from "../../src/db/webhook-deliveries.ts";
import {
  deleteHiddenEndpoints,
  getEndpoint,
  hideEndpoint,
  insertEndpoint,
  rotateSecret,
} from "../../src/db/webhook-endpoints.ts";
import { derivedId } from "../../src/domain/derived-id.ts";
import { newPing } from "../../src/domain/merchant-events.ts";
import { newId } from "../../src/ids.ts";
import { createLog } from "../../src/log.ts";
import { createMailer } from "../../src/mail/transport.ts";
import { createSeal, type Seal } from "../../src/seal.ts";
import { resealSecrets } from "../../src/workflows/endpoint-secrets.ts";
import { startDeliveries, type Deliveries } from "../../src/workflows/delivery.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { startReceiver, verified, type Received, type Receiver } from "./receiver.ts";

const log = createLog("silent");
const mailer = createMailer({
  smtpUrl: "smtp://127.0.0.1:9",
  from: "Countersign <approvals@localhost>",
  log,
});
const KEYS = [
  { version: "k1", secret: "a secret of sixteen" },
  { version: "k2", secret: "another of the sort" },
] as const;
const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;

let database: TestDatabase;
let pool: Pool;
let receiver: Receiver;
beforeAll(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url });
  receiver = await startReceiver();
});
afterAll(async () => {
  mailer.close();
  await pool?.end();
  await database?.drop();
  await receiver?.close();
});
beforeEach(async () => {
  await pool.query(
    "truncate countersign.webhook_deliveries, countersign.webhook_endpoints, countersign.executors",
  );
  receiver.received.length = 0;
  receiver.answer = (_, response) => void response.writeHead(204).end();
});

/** An executor with a lease that lasts as long as any test. */
async function executor(): Promise<string> {
  const id = `exe_${randomUUID()}`;
  await pool.query(
    "insert into countersign.executors (id, lease_until) values ($1, now() + interval '1 hour')",
    [id],
  );
  return id;
}

const deliver = (executorId: string, seal: Seal = createSeal([KEYS[0]])): Deliveries =>
  startDeliveries({
    ...{ pool, executorId, seal, mailer, log },
    outbound: { strict: false },
    operator: null,
    fault: () => {},
  });

async function endpoint(seal: Seal = createSeal([KEYS[0]])): Promise<string> {
  const id = newId("whe");
  const fields = { id, tenant: "dev", url: `${receiver.url}/hook`, event_types: ["*"], description: null };
  await insertEndpoint(
    pool,
    { ...fields, enabled: true, secret: seal.close(SECRET, id), created_by: "dev@example.com" },
    20,
  );
  return id;
}

async function enqueue(endpoint_id: string, many: number): Promise<string[]> {
  const ids = Array.from({ length: many }, () => newId("whd"));
  for (const id of ids) {
    const event = { ...newPing(endpoint_id, new Date()), id: `evt_${id.slice(4)}` };
    await insertDelivery(pool, { id, endpoint_id, event });
  }
  return ids;
}

async function states(): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ state: string; many: number }>(
    "select state, count(*)::int as many from countersign.webhook_deliveries group by state",
  );
  return Object.fromEntries(rows.map(({ state, many }) => [state, many]));
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 15_000; !(await done());) {
    if (Date.now() > deadline) throw new Error(`not reached; at last: ${JSON.stringify(await states())}`);
    await sleep(20);
  }
}

test("two processes deliver each webhook once, and five at a time at one receiver", async () => {
  let open = 0;
  let most = 0;
  receiver.answer = (_, response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      response.writeHead(204).end();
    }, 10);
  };
  await enqueue(await endpoint(), 150);
  const both = [deliver(await executor()), deliver(await executor())];
  await until(async () => (await states())["delivered"] === 150);
  await Promise.all(both.map((each) => each.stop()));
  expect(receiver.received).toHaveLength(150);
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(150);
  expect(most).toBeLessThanOrEqual(5);
});

test("what a dead process was at is tried again with the same id; what a living one is at is left alone", async () => {
  const [dead, living] = ["exe_dead", await executor()];
  const [first = "", second = ""] = await enqueue(await endpoint(), 2);
  const claim = (id: string, by: string) =>
    pool.query(
      "update countersign.webhook_deliveries set claimed_by = $2, claimed_at = now() where id = $1",
      [id, by],
    );
  await claim(first, dead);
  await claim(second, living);
  const deliveries = deliver(await executor());
  await until(async () => (await states())["delivered"] === 1);
  await sleep(200);
  await deliveries.stop();
  expect(receiver.received.map(({ id }) => id)).toEqual([`evt_${first.slice(4)}`]);
});

test("a service that stops breaks off a try, which another process makes again at once", async () => {
  const hung: Received[] = [];
  receiver.answer = (request) => void hung.push(request);
  await enqueue(await endpoint(), 1);
  const own = await executor();
  const stopped = deliver(own);
  await receiver.until(() => hung.length === 1);
  await stopped.stop();
  await pool.query("delete from countersign.executors where id = $1", [own]);
  receiver.answer = (_, response) => void response.writeHead(204).end();
  const next = deliver(await executor());
  await until(async () => (await states())["delivered"] === 1);
  await next.stop();
  expect(receiver.received[1]).toMatchObject({ id: hung[0]?.id, body: hung[0]?.body });
  const { rows } = await pool.query<{ tries: unknown[] }>("select tries from countersign.webhook_deliveries");
  expect(rows[0]?.tries).toHaveLength(1);
});

test("secrets move to the first key at a start, and the other can be taken out then", async () => {
  const [old, current] = [createSeal([KEYS[0]]), createSeal([KEYS[1]])];
  await enqueue(await endpoint(old), 1);
  await resealSecrets(pool, createSeal([KEYS[1], KEYS[0]]), log);
  const deliveries = deliver(await executor(), current);
  await until(async () => (await states())["delivered"] === 1);
  await deliveries.stop();
  verified(receiver.received[0] ?? ({} as Received), SECRET);
});

test("without the key nothing is sent, and the log of tries says why", async () => {
  await enqueue(await endpoint(createSeal([KEYS[1]])), 1);
  const deliveries = deliver(await executor());
  await until(async () => (await states())["failed"] === 1);
  await deliveries.stop();
  expect(receiver.received).toEqual([]);
  const { rows } = await pool.query<{ tries: unknown[] }>("select tries from countersign.webhook_deliveries");
  expect(rows[0]?.tries).toMatchObject([{ status: null, error: "the service cannot read the secret" }]);
});

test("a secret that the service cannot read is not the endpoint's failure: it is not disabled for it", async () => {
  const id = await endpoint(createSeal([KEYS[1]]));
  await enqueue(id, 2);
  const deliveries = deliver(await executor());
  await until(async () => (await states())["failed"] === 2);
  await deliveries.stop();
  expect(await getEndpoint(pool, "dev", id)).toMatchObject({ enabled: true, failing_since: null });
});

test("after the secret was rotated webhooks go out again, though the one before cannot be read", async () => {
  const id = await endpoint(createSeal([KEYS[1]]));
  const seal = createSeal([KEYS[0]]);
  const fresh = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  await rotateSecret(pool, "dev", id, { secret: seal.close(fresh, id), forS: 3600 });
  await enqueue(id, 1);
  const deliveries = deliver(await executor(), seal);
  await until(async () => (await states())["pending"] === undefined);
  await deliveries.stop();
  expect(await states()).toEqual({ delivered: 1 });
  verified(receiver.received[0] ?? ({} as Received), fresh);
});

test("a secret moves to the first key though the one before it cannot be read", async () => {
  const id = await endpoint(createSeal([{ version: "k0", secret: "one that nobody has" }]));
  const [old, current] = [createSeal([KEYS[0]]), createSeal([KEYS[1]])];
  await rotateSecret(pool, "dev", id, { secret: old.close(SECRET, id), forS: 3600 });
  await resealSecrets(pool, createSeal([KEYS[1], KEYS[0]]), log);
  await enqueue(id, 1);
  const deliveries = deliver(await executor(), current);
  await until(async () => (await states())["pending"] === undefined);
  await deliveries.stop();
  expect(await states()).toEqual({ delivered: 1 });
});

test("old deliveries are deleted in batches, but not what still waits; a deleted endpoint goes after its last one", async () => {
  const id = await endpoint();
  const [waiting = "", ...rest] = await enqueue(id, 6);
  await pool.query(
    "update countersign.webhook_deliveries set state = 'delivered', next_at = null where id <> $1",
    [waiting],
  );
  const older = derivedId("whd", new Date(Date.now() + 60_000), "");
  expect(await deleteOldDeliveries(pool, derivedId("whd", new Date(Date.now() - 60_000), ""), 10)).toBe(0);
  expect(await deleteOldDeliveries(pool, older, 3)).toBe(3);
  expect(await deleteOldDeliveries(pool, older, 3)).toBe(rest.length - 3);
  expect(await states()).toEqual({ pending: 1 });
  await hideEndpoint(pool, "dev", id);
  await deleteHiddenEndpoints(pool);
  expect(await deleteOldDeliveries(pool, older, 3)).toBe(1);
  const { rowCount } = await deleteHiddenEndpoints(pool);
  expect(rowCount).toBe(1);
});
