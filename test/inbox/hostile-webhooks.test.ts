import { createHmac, randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

const NEW = "whsec_new";
const OLD = "whsec_old";

let service: TestService;
let database: pg.Client;
beforeAll(async () => {
  service = await startTestService({ STRIPE_WEBHOOK_SECRETS: `${NEW},${OLD}` });
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await service?.end();
});

interface Inbound {
  id: string;
  event_id: string;
  state: string;
  reason: string | null;
  order_id: string | null;
  duplicates: number;
}

const bytes = (body: string | Buffer) => (typeof body === "string" ? Buffer.from(body) : body);

function sign(body: string | Buffer, secret = NEW, at = Date.now() / 1000): string {
  const t = Math.floor(at);
  return `t=${t},v1=${createHmac("sha256", secret).update(`${t}.`).update(bytes(body)).digest("hex")}`;
}

async function send(body: string | Buffer, signature: string | null = sign(body)) {
  const response = await fetch(`${service.url}/webhooks/stripe`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(signature === null ? {} : { "stripe-signature": signature }),
    },
    body: Uint8Array.from(bytes(body)),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? null : (JSON.parse(text) as Record<string, unknown>),
  };
}

async function inbox(where: { event_id?: string } = {}): Promise<Inbound[]> {
  const { rows } = await database.query<Inbound>(
    `select id, event_id, state, reason, order_id, duplicates from countersign.inbound_webhooks
      where $1::text is null or event_id = $1 order by id desc`,
    [where.event_id ?? null],
  );
  return rows;
}

const newId = (prefix: string) => `${prefix}_${randomBytes(8).toString("hex")}`;

const event = (type: string, object: Record<string, unknown>, id = newId("evt")) => ({
  id,
  object: "event",
  type,
  created: Math.floor(Date.now() / 1000),
  data: { object },
});

const intent = (payment: string, more: Record<string, unknown> = {}) => ({
  id: payment,
  object: "payment_intent",
  amount: 1250,
  amount_capturable: 0,
  amount_received: 0,
  currency: "usd",
  status: "processing",
  metadata: {},
  ...more,
});

const harmless = () => JSON.stringify(event("customer.created", { object: "customer", id: "cus_1" }));

describe("a webhook whose signature does not prove it is refused and not stored", () => {
  const body = harmless();
  const hex = /v1=([0-9a-f]+)/.exec(sign(body))?.[1] ?? "";
  const t = Math.floor(Date.now() / 1000);
  test.each([
    ["no signature", null],
    ["an empty one", ""],
    ["one of another secret", sign(body, "whsec_other")],
    ["one of an empty secret", sign(body, "")],
    ["one that is 6 minutes old", sign(body, NEW, Date.now() / 1000 - 360)],
    ["one from the future", sign(body, NEW, Date.now() / 1000 + 360)],
    ["one of the far future", sign(body, NEW, 99_999_999_999)],
    ["one of another body", sign(body.replace("cus_1", "cus_2"))],
    ["one with another time", sign(body).replace(/t=\d+/, `t=${t - 1}`)],
    ["only a scheme that does not count", sign(body).replace("v1=", "v0=")],
    ["a shortened one", sign(body).slice(0, -1)],
    ["two times", `t=${t},${sign(body)}`],
    ["a time that is no number", `t=now,v1=${hex}`],
    ["a negative time", `t=-1,v1=${hex}`],
    ["nonsense", "=,=;t,v1,,,"],
    [
      "many wrong ones",
      `t=${t},${Array(50)
        .fill(`v1=${"0".repeat(64)}`)
        .join(",")}`,
    ],
  ])("%s", async (_, signature) => {
    const before = (await inbox()).length;
    expect(await send(body, signature)).toMatchObject({ status: 400, body: { code: "invalid_signature" } });
    expect((await inbox()).length).toBe(before);
  });

  test("one byte changed on the way", async () => {
    const sent = Buffer.from(body);
    const signature = sign(sent);
    for (let i = 0; i < sent.length; i += 7) {
      const tampered = Buffer.from(sent);
      tampered.writeUInt8(tampered.readUInt8(i) ^ 1, i);
      expect((await send(tampered, signature)).status).toBe(400);
    }
    for (const cut of [sent.subarray(0, -1), sent.subarray(1), Buffer.concat([sent, Buffer.from("\n")])])
      expect((await send(cut, signature)).status).toBe(400);
  });

  test("a sample of them is kept, within bounds", async () => {
    const { rows } = await database.query<{ n: number }>(
      "select count(*)::int as n from countersign.signature_failures",
    );
    expect(rows[0]?.n).toBeGreaterThan(0);
    expect(rows[0]?.n).toBeLessThanOrEqual(100);
  });
});

test("while secrets are rotated either one counts, alone or beside a wrong one", async () => {
  const body = harmless();
  expect((await send(body, sign(body, OLD))).status).toBe(204);
  const both = `${sign(harmless(), "whsec_other")},${sign(body, NEW).split(",")[1]}`;
  expect((await send(body, both)).status).toBe(204);
});

test("a right signature counts among wrong ones, but not among endlessly many", async () => {
  const wrong = (count: number) => Array<string>(count).fill(`v1=${"0".repeat(64)}`);
  const among = (body: string, count: number) => {
    const [time = "", right = ""] = sign(body).split(",");
    return [time, ...wrong(count), right, "v0=ff", "v2=00"].join(",");
  };
  const body = harmless();
  expect((await send(body, among(body, 15))).status).toBe(204);
  const other = harmless();
  expect((await send(other, among(other, 16))).status).toBe(400);
});

test("the same bytes again are a repetition while their signature is fresh, and refused when it is not", async () => {
  const once = event("customer.created", { object: "customer", id: "cus_1" });
  const body = JSON.stringify(once);
  const signature = sign(body, NEW, Date.now() / 1000 - 290);
  expect((await send(body, signature)).status).toBe(204);
  expect((await send(body, signature)).status).toBe(204);
  expect((await send(body, sign(body, NEW, Date.now() / 1000 - 320))).status).toBe(400);
  expect(await inbox({ event_id: once.id })).toMatchObject([{ duplicates: 1 }]);
});

describe("what is authentic is kept, whatever it is", () => {
  test.each<[what: string, body: string | Buffer]>([
    ["not JSON", "hello"],
    ["nothing", ""],
    ["JSON that is no object", "[1, 2]"],
    ["null", "null"],
    [
      "an event without an id",
      JSON.stringify({ object: "event", type: "x", data: { object: { object: "charge" } } }),
    ],
    [
      "an event without an object",
      JSON.stringify({ id: "evt_x1", object: "event", type: "payment_intent.created" }),
    ],
    ["not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ["a BOM before JSON in UTF-16", Buffer.from("\ufeff{}", "utf16le")],
    ["a body cut short but signed so", harmless().slice(0, -5)],
    ["nested 100,000 deep", "[".repeat(100_000)],
    [
      "a payment without its amount",
      JSON.stringify(event("payment_intent.created", { object: "payment_intent", id: "pi_9" })),
    ],
    ["an id of wrong type", JSON.stringify({ ...event("x.y", { object: "charge" }), id: 7 })],
    ["an id that is too long", JSON.stringify(event("x.y", { object: "charge" }, "e".repeat(300)))],
    ["an id with NUL", JSON.stringify(event("x.y", { object: "charge" }, "evt_\0"))],
  ])("%s", async (_, body) => {
    expect((await send(body)).status).toBe(204);
    const [stored] = await inbox();
    expect(stored).toMatchObject({ state: "quarantined", order_id: null });
    expect(stored?.reason).toBeTruthy();
    const read = await service.call("GET", `/v1/webhooks/inbox/${stored?.id}`);
    expect(read.status).toBe(200);
  });

  test("JSON nested so deep that nobody can write it again", async () => {
    const deep = `{"id":"evt_deep","object":"event","type":"x.y","data":{"object":{"object":"x","y":${"[".repeat(50_000)}${"]".repeat(50_000)}}}}`;
    expect((await send(deep)).status).toBe(204);
    const [stored] = await inbox();
    expect(stored?.state).toMatch(/ignored|quarantined/);
    expect((await service.call("GET", `/v1/webhooks/inbox/${stored?.id}`)).status).toBe(200);
  });

  test("an event that begins with a BOM is read", async () => {
    const { id, ...rest } = event("customer.created", { object: "customer", id: "cus_2" });
    expect((await send(`\ufeff${JSON.stringify({ id, ...rest })}`)).status).toBe(204);
    expect((await inbox())[0]?.state).toMatch(/ignored|quarantined/);
  });

  test("a type that nobody knows is ignored", async () => {
    const unknown = event("quantum.entangled", { object: "qubit", id: "qb_1" });
    expect((await send(JSON.stringify(unknown))).status).toBe(204);
    expect(await inbox({ event_id: unknown.id })).toMatchObject([{ state: "ignored" }]);
  });

  test("characters that PostgreSQL does not take", async () => {
    const odd = event(
      "payment_intent.created",
      intent("pi_odd", { metadata: { order_id: "a\0b", note: "\ud800" } }),
    );
    expect((await send(JSON.stringify(odd))).status).toBe(204);
    expect(await inbox({ event_id: odd.id })).toMatchObject([{ state: "parked" }]);
  });

  test("hostile names in metadata", async () => {
    const names = ["'; drop table countersign.orders; --", "__proto__", "../../x", "ord_".padEnd(5000, "x")];
    for (const order_id of names) {
      const hostile = event("payment_intent.created", intent(newId("pi"), { metadata: { order_id } }));
      expect((await send(JSON.stringify(hostile))).status).toBe(204);
      expect(await inbox({ event_id: hostile.id })).toMatchObject([{ state: "parked", order_id: null }]);
    }
  });

  test("too large is refused before it is looked at", async () => {
    const huge = JSON.stringify(event("x.y", { object: "charge", pad: "x".repeat(600_000) }));
    expect(await send(huge)).toMatchObject({ status: 413, body: { code: "body_too_large" } });
  });
});

const paid = () => service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
const atRest = (id: string) =>
  service.until(
    async () => {
      const { rows } = await database.query(
        "select from countersign.orders where id = $1 and not segment_open",
        [id],
      );
      return rows.length;
    },
    (count) => count === 1,
  );
const told = async (id: string, type: string) =>
  (await service.trail(id)).filter((entry) => entry.type === type).length;
const seen = (order: OrderView, more: Record<string, unknown>) =>
  intent(order.payment.id ?? "", { metadata: { order_id: order.id }, ...more });

test("fifty copies of one event at once have one effect", async () => {
  const order = await service.create({ payment: { mode: "client" } });
  const processing = event("payment_intent.processing", seen(order, { status: "processing" }));
  const body = JSON.stringify(processing);
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(body)));
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(204));
  expect(await inbox({ event_id: processing.id })).toMatchObject([
    { state: "routed", duplicates: 49, order_id: order.id },
  ]);
  await service.until(
    () => told(order.id, "payment.processing"),
    (count) => count > 0,
  );
  expect(await told(order.id, "payment.processing")).toBe(1);
});

test("an event for an order that nobody knows waits until the order does", async () => {
  const order = await service.create();
  const payment = newId("pi");
  const early = event("charge.dispute.created", {
    id: newId("dp"),
    object: "dispute",
    amount: 1250,
    status: "needs_response",
    reason: "fraudulent",
    payment_intent: payment,
  });
  expect((await send(JSON.stringify(early))).status).toBe(204);
  expect(await inbox({ event_id: early.id })).toMatchObject([{ state: "parked", order_id: null }]);
  const late = event("payment_intent.processing", intent(payment, { metadata: { order_id: order.id } }));
  expect((await send(JSON.stringify(late))).status).toBe(204);
  const [delivered] = await service.until(
    () => inbox({ event_id: early.id }),
    ([row]) => row?.state === "routed",
  );
  expect(delivered).toMatchObject({ order_id: order.id });
  await service.until(
    () => told(order.id, "dispute.opened"),
    (count) => count === 1,
  );
});

test("a refund known only by a payment that no order has yet is parked, and delivered once it has", async () => {
  const order = await service.create();
  const payment = newId("pi");
  const refund = {
    id: newId("re"),
    object: "refund",
    amount: 100,
    status: "succeeded",
    payment_intent: payment,
  };
  const early = event("refund.created", refund);
  await Promise.all([send(JSON.stringify(early)), send(JSON.stringify(early))]);
  expect(await inbox({ event_id: early.id })).toMatchObject([{ state: "parked", duplicates: 1 }]);
  const captured = intent(payment, {
    status: "succeeded",
    amount_received: 1250,
    metadata: { order_id: order.id },
  });
  await send(JSON.stringify(event("payment_intent.succeeded", captured)));
  await service.until(
    () => told(order.id, "refund.succeeded"),
    (count) => count === 1,
  );
  expect(await service.reached(order.id, "partially_refunded")).toMatchObject({
    payment: { amount_refunded: 100 },
  });
});

test("events after an order's end are stored, and change only what is news", async () => {
  const order = await paid();
  // The provider's own events come first.
  await service.until(
    async () => (await inbox()).filter((row) => row.order_id === order.id).length,
    (count) => count >= 3,
  );
  await atRest(order.id);
  const { entries } = (await service.order(order.id)).audit;
  const stale = event("payment_intent.processing", seen(order, { status: "processing" }));
  await send(JSON.stringify(stale));
  expect(await inbox({ event_id: stale.id })).toMatchObject([{ state: "ignored", order_id: order.id }]);
  expect((await service.order(order.id)).audit.entries).toBe(entries);
  const dispute = {
    id: newId("dp"),
    object: "dispute",
    amount: 1250,
    status: "needs_response",
    reason: "fraudulent",
  };
  await send(
    JSON.stringify(event("charge.dispute.created", { ...dispute, payment_intent: order.payment.id })),
  );
  const disputed = await service.reached(order.id, "disputed");
  expect(disputed.audit.entries).toBeGreaterThan(entries);
});

test("two events of the provider about one change have one effect", async () => {
  const order = await service.create({ payment: { mode: "client" } });
  const twin = seen(order, { status: "processing" });
  await send(JSON.stringify(event("payment_intent.processing", twin)));
  await send(JSON.stringify(event("payment_intent.processing", twin)));
  await service.until(
    () => told(order.id, "payment.processing"),
    (count) => count === 1,
  );
  await send(JSON.stringify(event("payment_intent.processing", twin)));
  expect(await told(order.id, "payment.processing")).toBe(1);
});
