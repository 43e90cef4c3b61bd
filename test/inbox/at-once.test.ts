import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { createIntake } from "../../src/inbox/accept.ts";
import { createStripeSource } from "../../src/payments/stripe/source.ts";
import { sourcesByName } from "../../src/payments/webhook-source.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { deliver, event, intent, intentOf, randomId, SECRET, type Stored } from "./provider-events.ts";

let service: TestService;
let db: pg.Client;
let pool: Pool;
beforeAll(async () => {
  service = await startTestService();
  pool = createPool({ url: service.databaseUrl, max: 4, prepared: true });
  db = new pg.Client(service.databaseUrl);
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await pool?.end();
  await service?.end();
});

const log = pino({ level: "silent" });

/** Takes all in at the same moment, so that they share a commit, and tells how large the commits were. */
async function takeIn(events: object[]) {
  const sizes: number[] = [];
  const intake = createIntake({
    ...{ pool, log, sources: sourcesByName(createStripeSource({ secrets: [SECRET] })) },
    metrics: { batch: { observe: (size: number) => sizes.push(size) } } as never,
  });
  const received_at = new Date();
  const accepted = await Promise.all(
    events.map((each) =>
      intake.accept({
        provider: "stripe",
        body: Buffer.from(JSON.stringify(each)),
        headers: {},
        received_at,
      }),
    ),
  );
  return { accepted, sizes };
}

const paid = (order: OrderView) => intentOf(order, { status: "succeeded", amount_received: 1250 });

const refund = (order: OrderView, amount: number) => ({
  ...{ id: randomId("re"), object: "refund", status: "succeeded", amount },
  ...{ payment_intent: order.payment.id, metadata: { order_id: order.id } },
});

/** Of which no workflow runs any more. */
async function completed(): Promise<OrderView> {
  const order = await service.create({ payment: { mode: "client" } });
  expect(await deliver(service.url, event("payment_intent.succeeded", paid(order)))).toBe(204);
  const ended = await service.reached(order.id, "completed");
  await service.until(
    async () =>
      (
        await pool.query<{ open: boolean }>(
          "select segment_open as open from countersign.orders where id = $1",
          [order.id],
        )
      ).rows[0]?.open,
    (open) => open === false,
  );
  return ended;
}

const inbox = async (where: string, value: unknown): Promise<Stored[]> =>
  (
    await db.query<Stored>(
      `select id, event_id, state, reason, order_id, duplicates, attempts from countersign.inbound_webhooks where ${where}`,
      [value],
    )
  ).rows;

test("events of every kind that share a commit each get their due, once", async () => {
  const [running, ended] = await Promise.all([service.create({ payment: { mode: "client" } }), completed()]);
  const known = event("payment_intent.succeeded", paid(running));
  const events: [given: object, expected: object][] = [
    [known, { state: "routed", order_id: running.id, fresh: true }],
    [event("refund.created", refund(ended, 100)), { state: "routed", order_id: ended.id, fresh: true }],
    [
      event("payment_intent.succeeded", paid(ended), { created: 1 }),
      { state: "ignored", order_id: ended.id },
    ],
    [event("payment_intent.succeeded", intent(randomId("pi"))), { state: "parked", order_id: null }],
    [event("customer.created", { object: "customer", id: "cus_1" }), { state: "ignored", order_id: null }],
    [event("payment_intent.succeeded", { id: "pi_1", object: "payment_intent" }), { state: "quarantined" }],
    [{ nothing: "of an event" }, { state: "quarantined", order_id: null, fresh: true }],
    // The change of the first told again, and the first itself sent again.
    [event("payment_intent.succeeded", paid(running)), { state: "ignored", order_id: running.id }],
    [known, { state: "routed", order_id: running.id, fresh: false }],
  ];
  const { accepted, sizes } = await takeIn(events.map(([given]) => given));
  expect(accepted).toMatchObject(events.map(([, expected]) => expected));
  // All but those that have to find the first stored.
  expect(sizes[0]).toBe(7);
  for (const { id, event_id, state, order_id } of accepted)
    expect(await inbox("event_id = $1", event_id)).toMatchObject([{ id, state, order_id }]);
  expect((await service.reached(running.id, "completed")).payment).toMatchObject({ amount_captured: 1250 });
  expect((await service.reached(ended.id, "partially_refunded")).payment).toMatchObject({
    amount_captured: 1250,
    amount_refunded: 100,
  });
});

test("more events than fit into a commit are all taken in, and each order gets its own", async () => {
  const orders = await Promise.all(
    Array.from({ length: 4 }, () => service.create({ payment: { mode: "client" } })),
  );
  const noise = Array.from({ length: 300 }, () => event("payment_intent.created", intent(randomId("pi"))));
  const { accepted } = await takeIn([
    ...noise,
    ...orders.map((order) => event("payment_intent.succeeded", paid(order))),
  ]);
  expect(accepted.filter(({ state, fresh }) => state === "parked" && fresh)).toHaveLength(noise.length);
  for (const order of orders)
    expect((await service.reached(order.id, "completed")).payment).toMatchObject({ amount_captured: 1250 });
  const bodies = await db.query<{ body: Buffer }>(
    "select body from countersign.inbound_webhooks where event_id = any($1) order by id",
    [noise.map(({ id }) => id)],
  );
  expect(bodies.rows.map(({ body }) => body.toString()).sort()).toEqual(
    noise.map((each) => JSON.stringify(each)).sort(),
  );
});

test("who waits for an order does not hold its webhooks meanwhile, so that a replay and a repetition cannot block one another", async () => {
  const order = await service.create({ payment: { mode: "client" } });
  const told = event("payment_intent.processing", intentOf(order));
  expect(await deliver(service.url, told)).toBe(204);
  const [webhook] = await inbox("event_id = $1", told.id);
  await db.query("begin");
  await db.query("select from countersign.orders where id = $1 for update", [order.id]);
  const waiting = [
    service.call("POST", `/v1/webhooks/inbox/${webhook?.id}/replay`),
    deliver(service.url, told),
  ] as const;
  await service.until(
    async () =>
      (
        await pool.query<{ n: number }>(
          `select count(*)::int as n from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like '%json_to_recordset%for update%'`,
        )
      ).rows[0]?.n ?? 0,
    (blocked) => blocked === 2,
  );
  await db.query("set local lock_timeout = '500ms'");
  // As the intake counts a repetition, once it has locked the order.
  await db.query("update countersign.inbound_webhooks set duplicates = duplicates where id = $1", [
    webhook?.id,
  ]);
  await db.query("commit");
  const [replayed, repeated] = await Promise.all(waiting);
  expect(replayed).toMatchObject({ status: 200, body: { state: "routed" } });
  expect(repeated).toBe(204);
  expect(await inbox("event_id = $1", told.id)).toMatchObject([{ duplicates: 1, attempts: 2 }]);
});
