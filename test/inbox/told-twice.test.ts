import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPool } from "../../src/db/pool.ts";
import { createIntake } from "../../src/inbox/accept.ts";
import { createStripeSource } from "../../src/payments/stripe/source.ts";
import { sourcesByName } from "../../src/payments/webhook-source.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { deliver, event, intent, intentOf, randomId, SECRET, type Stored } from "./provider-events.ts";

let service: TestService;
let db: pg.Client;
beforeAll(async () => {
  service = await startTestService();
  db = new pg.Client(service.databaseUrl);
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await service?.end();
});

const send = async (...events: object[]) =>
  expect(await Promise.all(events.map((each) => deliver(service.url, each)))).toEqual(events.map(() => 204));

async function stored(events: { id: string }[]): Promise<Stored[]> {
  const { rows } = await db.query<Stored>(
    `select id, event_id, state, reason, order_id, duplicates, attempts
       from countersign.inbound_webhooks where event_id = any($1) order by id`,
    [events.map(({ id }) => id)],
  );
  return rows;
}

const told = async (id: string, type: string) =>
  (await service.trail(id)).filter((entry) => entry.type === type).length;
const tells = (id: string, type: string, count = 1) =>
  service.until(
    () => told(id, type),
    (found) => found >= count,
  );

/** Events that differ in nothing but their ids. */
const copies = (count: number, type: string, object: Record<string, unknown>) =>
  Array.from({ length: count }, () => event(type, object));

/** All but one are ignored and name that one. */
function expectOneTeller(rows: Stored[], first: string): Stored | undefined {
  const tellers = rows.filter(({ reason }) => !reason?.startsWith("the same change as"));
  expect(tellers).toMatchObject([{ state: first }]);
  const [teller] = tellers;
  for (const row of rows.filter((each) => each !== teller))
    expect(row).toMatchObject({ state: "ignored", reason: `the same change as ${teller?.event_id}` });
  return teller;
}

describe("two events that tell one change have one effect, and the second names the first", () => {
  test("one after the other", async () => {
    const order = await service.create({ payment: { mode: "client" } });
    const [first, second] = copies(2, "payment_intent.processing", intentOf(order));
    await send(first ?? {});
    await send(second ?? {});
    await send(second ?? {});
    await tells(order.id, "payment.processing");
    expect(await stored([first, second] as { id: string }[])).toMatchObject([
      { state: "routed", order_id: order.id },
      { state: "ignored", reason: `the same change as ${first?.id}`, order_id: order.id, duplicates: 1 },
    ]);
  });

  test("twenty at once", async () => {
    const order = await service.create({ payment: { mode: "client" } });
    const twins = copies(20, "payment_intent.processing", intentOf(order));
    await send(...twins);
    await tells(order.id, "payment.processing");
    expectOneTeller(await stored(twins), "routed");
    expect(await told(order.id, "payment.processing")).toBe(1);
  });

  test("at once in two processes", async () => {
    const order = await service.create({ payment: { mode: "client" } });
    const twins = copies(24, "payment_intent.processing", intentOf(order));
    const log = pino({ level: "silent" });
    const sources = sourcesByName(createStripeSource({ secrets: [SECRET] }));
    const pools = [0, 1].map(() => createPool({ url: service.databaseUrl, max: 4 }));
    const arrivals = twins.map((twin) => ({
      ...{ provider: "stripe", headers: {}, received_at: new Date() },
      body: Buffer.from(JSON.stringify(twin)),
    }));
    await Promise.all(
      pools.map((pool, n) => {
        const intake = createIntake({ pool, sources, log });
        return Promise.all(arrivals.filter((_, i) => i % 2 === n).map((arrival) => intake.accept(arrival)));
      }),
    );
    await Promise.all(pools.map((pool) => pool.end()));
    await tells(order.id, "payment.processing");
    expectOneTeller(await stored(twins), "routed");
    expect(await told(order.id, "payment.processing")).toBe(1);
  });

  test("also while the first waits for its order", async () => {
    const order = await service.create();
    const payment = randomId("pi");
    const refund = { id: randomId("re"), object: "refund", amount: 100, status: "succeeded" };
    const twins = copies(2, "refund.created", { ...refund, payment_intent: payment });
    await send(twins[0] ?? {});
    await send(twins[1] ?? {});
    expectOneTeller(await stored(twins), "parked");
    const captured = { status: "succeeded", amount_received: 1250, metadata: { order_id: order.id } };
    await send(event("payment_intent.succeeded", intent(payment, captured)));
    await tells(order.id, "refund.succeeded");
    expectOneTeller(await stored(twins), "routed");
    expect((await service.order(order.id)).payment.amount_refunded).toBe(100);
  });

  test("a replay of the second does not make it another", async () => {
    const order = await service.create({ payment: { mode: "client" } });
    const twins = copies(2, "payment_intent.processing", intentOf(order));
    await send(twins[0] ?? {});
    await send(twins[1] ?? {});
    const [, second] = await stored(twins);
    await service.call("POST", `/v1/webhooks/inbox/${second?.id}/replay`);
    expectOneTeller(await stored(twins), "routed");
  });
});

describe("what only looks alike is a change of its own", () => {
  const declined = (charge: string | null) => ({
    status: "requires_payment_method",
    last_payment_error: {
      code: "card_declined",
      decline_code: "generic_decline",
      message: "Declined.",
      charge,
    },
    ...(charge ? { latest_charge: charge } : {}),
  });

  test.each<[what: string, [string, (payment: string) => Record<string, unknown>, object?][]]>([
    [
      "two attempts that failed alike",
      [randomId("ch"), randomId("ch")].map((charge) => [
        "payment_intent.payment_failed",
        (payment: string) => intent(payment, declined(charge)),
      ]),
    ],
    [
      "two failures that name no charge",
      [0, 1].map(() => [
        "payment_intent.payment_failed",
        (payment: string) => intent(payment, declined(null)),
      ]),
    ],
    [
      "two refunds of the same amount",
      [randomId("re"), randomId("re")].map((id) => [
        "refund.created",
        (payment: string) => ({
          id,
          object: "refund",
          amount: 100,
          status: "succeeded",
          payment_intent: payment,
        }),
      ]),
    ],
    [
      "the same once more, minutes later",
      [0, 120].map((after) => [
        "payment_intent.processing",
        (payment: string) => intent(payment),
        { created: 1_790_000_000 + after },
      ]),
    ],
    [
      "the same by another request",
      ["req_1", "req_2"].map((id) => [
        "payment_intent.processing",
        (payment: string) => intent(payment),
        { request: { id, idempotency_key: null } },
      ]),
    ],
    [
      "the same of another type",
      ["payment_intent.created", "payment_intent.processing"].map((type) => [
        type,
        (payment: string) => intent(payment),
      ]),
    ],
  ])("%s", async (_, pair) => {
    const payment = randomId("pi");
    const events = pair.map(([type, object, more]) => event(type, object(payment), { ...more }));
    await send(...events);
    expect((await stored(events)).map(({ state }) => state)).toEqual(["parked", "parked"]);
  });

  test("two partial refunds are both refunded", async () => {
    const order = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
    await service.reached(order.id, "completed");
    const charge = { object: "charge", amount: 1250, amount_captured: 1250, captured: true, currency: "usd" };
    const refunded = (amount_refunded: number) =>
      event("charge.refunded", {
        ...{ id: "ch_partial", status: "succeeded", payment_intent: order.payment.id },
        ...{ ...charge, amount_refunded },
      });
    await send(refunded(100));
    await send(refunded(200));
    await service.until(
      () => service.order(order.id),
      ({ payment }) => payment.amount_refunded === 200,
    );
  });
});

test("an order is paid once by a provider that makes two events of every change", async () => {
  const chaos = (twin_event: number) =>
    fetch(`${service.providerUrl}/_mock/chaos`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ seed: 1, twin_event }),
    });
  await chaos(1);
  const order = await service.create();
  await service.pay(order);
  const { payment } = await service.reached(order.id, "completed");
  await chaos(0);
  const rows = await service.until(
    async () =>
      (
        await db.query<Stored & { type: string }>(
          "select * from countersign.inbound_webhooks where order_id = $1",
          [order.id],
        )
      ).rows,
    (found) => found.filter(({ type }) => type === "payment_intent.succeeded").length === 2,
  );
  expectOneTeller(
    rows.filter(({ type }) => type === "payment_intent.succeeded"),
    rows.find(({ type, reason }) => type === "payment_intent.succeeded" && !reason?.startsWith("the same"))
      ?.state ?? "",
  );
  expect(await service.ledger(payment.id)).toMatchObject({ captured: 1250, captures: 1 });
});
