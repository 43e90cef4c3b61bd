import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimChanges, forgetChanges } from "../../src/db/inbound-changes.ts";
import { takeDue, type InboundState } from "../../src/db/inbound-webhooks.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { derivedId } from "../../src/domain/derived-id.ts";
import { forgetOld, KEPT_DAYS } from "../../src/inbox/retention.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { deliver, event, intent, randomId, type Stored } from "./provider-events.ts";

let service: TestService;
let db: pg.Client;
let pool: Pool;
beforeAll(async () => {
  service = await startTestService();
  db = new pg.Client(service.databaseUrl);
  await db.connect();
  pool = createPool({ url: service.databaseUrl, max: 4, log: pino({ level: "silent" }) });
});
afterAll(async () => {
  await pool?.end();
  await db?.end();
  await service?.end();
});

async function stored(eventId: string): Promise<Stored & { next_look_at: Date | null }> {
  const { rows } = await db.query<Stored & { next_look_at: Date | null }>(
    `select id, event_id, state, reason, order_id, duplicates, attempts, next_look_at
       from countersign.inbound_webhooks where event_id = $1`,
    [eventId],
  );
  if (!rows[0]) throw new Error(`${eventId} is not stored`);
  return rows[0];
}

/** Comes to rest once all that the provider says of a payment is in. */
const atRest = async (id: string) => {
  await service.until(
    async () =>
      (await db.query("select from countersign.inbound_webhooks where order_id = $1", [id])).rowCount,
    (count) => (count ?? 0) >= 3,
  );
  await service.until(
    async () =>
      (await db.query("select from countersign.orders where id = $1 and not segment_open", [id])).rowCount,
    (count) => count === 1,
  );
};

describe("what is parked", () => {
  test("by the ten thousand costs a sweep no more than a few looks, and hides no other", async () => {
    await db.query(
      `insert into countersign.inbound_webhooks
              (id, provider, event_id, type, state, correlation, headers, body, received_at, next_look_at)
       select 'whi_0000000000' || lpad(n::text, 16, '0'), 'stripe', 'evt_unwanted_' || n, 'refund.created', 'parked',
              array['pi_unwanted_' || n], '{}', '{}', now() - interval '30 days', now()
         from generate_series(1, 10000) n`,
    );
    const due = async () =>
      (
        await db.query<{ n: number }>(
          `select count(*)::int as n from countersign.inbound_webhooks
            where event_id like 'evt_unwanted_%' and next_look_at <= now()`,
        )
      ).rows[0]?.n ?? -1;
    // Two at once, as two processes would: they share what is due.
    for (let before = await due(); before > 0; before = await due()) {
      await Promise.all([takeDue(pool, 500), takeDue(pool, 500)]);
      expect(await due()).toBeLessThan(before);
    }
    const { rows } = await db.query<{ soonest: number }>(
      `select extract(epoch from min(next_look_at) - now())::float as soonest
         from countersign.inbound_webhooks where event_id like 'evt_unwanted_%'`,
    );
    // Each is looked at once in ten minutes: a sweep every three seconds finds some fifty of them.
    expect(rows[0]?.soonest).toBeGreaterThan(400);
    const order = await service.create();
    const payment = randomId("pi");
    const dispute = { object: "dispute", amount: 1250, status: "needs_response", reason: "fraudulent" };
    const early = event("charge.dispute.created", {
      id: randomId("dp"),
      ...dispute,
      payment_intent: payment,
    });
    expect(await deliver(service.url, early)).toBe(204);
    expect(await stored(early.id)).toMatchObject({ state: "parked" });
    const known = intent(payment, { metadata: { order_id: order.id } });
    expect(await deliver(service.url, event("payment_intent.processing", known))).toBe(204);
    const delivered = await service.until(
      () => stored(early.id),
      ({ state }) => state === "routed",
    );
    expect(delivered).toMatchObject({ order_id: order.id, next_look_at: null });
    expect(delivered.reason).toBe("delivered when its order became known");
  });

  test("is looked at less and less often", async () => {
    const age = async (interval: string) => {
      const early = event("payment_intent.processing", intent(randomId("pi")));
      await deliver(service.url, early);
      await db.query(
        `update countersign.inbound_webhooks set received_at = now() - $2::interval, next_look_at = now() - interval '1 day'
          where event_id = $1`,
        [early.id, interval],
      );
      const { next_look_at } = await service.until(
        () => stored(early.id),
        (row) => (row.next_look_at?.getTime() ?? 0) > Date.now(),
      );
      return ((next_look_at?.getTime() ?? 0) - Date.now()) / 1000;
    };
    expect(await age("0 seconds")).toBeLessThan(10);
    const quarter = await age("8 minutes");
    expect(quarter).toBeGreaterThan(30);
    expect(quarter).toBeLessThan(90);
    expect(await age("1 year")).toBeLessThanOrEqual(600);
  });
});

describe("what fails on our side", () => {
  /** An order whose stored state cannot be decided on: what a fault of ours may leave. */
  async function broken() {
    const order = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
    const completed = await service.reached(order.id, "completed");
    await atRest(order.id);
    const { rows } = await db.query<{ payment: unknown }>(
      "select state->'payment' as payment from countersign.orders where id = $1",
      [order.id],
    );
    await db.query("update countersign.orders set state = state - 'payment' where id = $1", [order.id]);
    const repair = () =>
      db.query(
        "update countersign.orders set state = state || jsonb_build_object('payment', $2::jsonb) where id = $1",
        [order.id, JSON.stringify(rows[0]?.payment)],
      );
    return { order: completed, repair };
  }
  const soon = (id: string) =>
    db.query("update countersign.inbound_webhooks set next_look_at = now() where event_id = $1", [id]);
  const disputed = (payment: string | null) =>
    event("charge.dispute.created", {
      ...{
        id: randomId("dp"),
        object: "dispute",
        amount: 1250,
        status: "needs_response",
        reason: "fraudulent",
      },
      payment_intent: payment,
    });

  test("is kept as failed beside what came with it, tried again, and delivered once it can be", async () => {
    const { order, repair } = await broken();
    const failing = disputed(order.payment.id);
    const other = event("customer.created", { object: "customer", id: "cus_1" });
    expect(await Promise.all([failing, other].map((each) => deliver(service.url, each)))).toEqual([204, 204]);
    expect(await stored(other.id)).toMatchObject({ state: "ignored" });
    const first = await stored(failing.id);
    expect(first).toMatchObject({ state: "failed", attempts: 1 });
    expect(first.reason).toMatch(/^could not be taken in: /);
    const wait = (first.next_look_at?.getTime() ?? 0) - Date.now();
    expect(wait).toBeGreaterThan(20_000);
    expect(wait).toBeLessThanOrEqual(31_000);
    await soon(failing.id);
    const second = await service.until(
      () => stored(failing.id),
      ({ attempts }) => attempts === 2,
    );
    expect((second.next_look_at?.getTime() ?? 0) - Date.now()).toBeGreaterThan(45_000);
    await repair();
    await soon(failing.id);
    expect(
      await service.until(
        () => stored(failing.id),
        ({ state }) => state === "routed",
      ),
    ).toMatchObject({ order_id: order.id, next_look_at: null });
    await service.reached(order.id, "disputed");
  });

  test("is given up after ten attempts, and a person can still replay it", async () => {
    const { order, repair } = await broken();
    const failing = disputed(order.payment.id);
    await deliver(service.url, failing);
    await db.query("update countersign.inbound_webhooks set attempts = 9 where event_id = $1", [failing.id]);
    await soon(failing.id);
    const given = await service.until(
      () => stored(failing.id),
      ({ attempts }) => attempts === 10,
    );
    expect(given).toMatchObject({ state: "failed", next_look_at: null });
    expect(given.reason).toMatch(/^given up; could not be taken in: /);
    const refused = await service.call("POST", `/v1/webhooks/inbox/${given.id}/replay`);
    expect(refused).toMatchObject({ status: 200, body: { state: "failed" } });
    await repair();
    const replayed = await service.call("POST", `/v1/webhooks/inbox/${given.id}/replay`);
    expect(replayed).toMatchObject({ status: 200, body: { state: "routed", order_id: order.id } });
    await service.reached(order.id, "disputed");
  });
});

describe("what is old", () => {
  const DAY_MS = 86_400_000;
  const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

  async function keep(name: string, state: InboundState, days: number, orderId: string | null = null) {
    await db.query(
      `insert into countersign.inbound_webhooks
              (id, provider, event_id, type, state, order_id, headers, body, received_at)
       values ($1, 'stripe', $2, 'refund.created', $3, $4, '{}', '{}', $5)`,
      [derivedId("whi", daysAgo(days), name), name, state, orderId, daysAgo(days)],
    );
  }
  const left = async (pattern: string) =>
    (
      await db.query<{ event_id: string }>(
        "select event_id from countersign.inbound_webhooks where event_id like $1 order by event_id",
        [pattern],
      )
    ).rows.map(({ event_id }) => event_id);

  test("is deleted by state, and never while its order is open", async () => {
    const open = await service.create();
    const closed = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
    await service.reached(closed.id, "completed");
    await atRest(closed.id);
    const expected: string[] = [];
    for (const [state, days] of Object.entries(KEPT_DAYS) as [InboundState, number][]) {
      await keep(`old_${state}_young`, state, days - 1);
      await keep(`old_${state}_of_open`, state, days + 1, open.id);
      await keep(`old_${state}_of_closed`, state, days + 1, closed.id);
      await keep(`old_${state}_of_none`, state, days + 1);
      expected.push(`old_${state}_of_open`, `old_${state}_young`);
    }
    // A webhook that came late may have opened the closed one once more for a moment.
    const kept = await service.until(
      async () => {
        await Promise.all([forgetOld(pool, new Date()), forgetOld(pool, new Date())]);
        return left("old\\_%");
      },
      (rows) => rows.length <= expected.length,
    );
    expect(kept).toEqual(expected.sort());
  });

  test("is deleted in as many batches as it takes, those of open orders in between", async () => {
    const open = await service.create();
    for (const [n, orderId] of [open.id, null, open.id].entries())
      await db.query(
        `insert into countersign.inbound_webhooks
                (id, provider, event_id, type, state, order_id, headers, body, received_at)
         select $1 || lpad(n::text, 8, '0'), 'stripe', 'many_' || $2 || '_' || n, 'x', 'routed', $3, '{}', '{}', now()
           from generate_series(1, 700) n`,
        [derivedId("whi", daysAgo(100 - n), "").slice(0, 22), n, orderId],
      );
    expect(await forgetOld(pool, new Date())).toBe(700);
    expect(await left("many\\_1\\_%")).toEqual([]);
    expect((await left("many\\_%")).length).toBe(1_400);
  });

  test("among the changes that were told is forgotten too", async () => {
    const claim = { provider: "stripe", event_id: "evt_old", change: "old-change", told_at: new Date() };
    await claimChanges(pool, [claim]);
    await db.query(
      "update countersign.inbound_changes set seen_at = now() - interval '40 days' where change = $1",
      [claim.change],
    );
    const young = { ...claim, change: "young-change" };
    await claimChanges(pool, [young]);
    await forgetOld(pool, new Date());
    expect(await forgetChanges(pool, daysAgo(35), 500)).toBe(0);
    const twin = (change: string) => claimChanges(pool, [{ ...claim, event_id: "evt_new", change }]);
    expect(await twin("old-change")).toEqual(new Map());
    expect(await twin("young-change")).toEqual(new Map([["evt_new", "evt_old"]]));
  });
});
