import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let database: pg.Client;
beforeAll(async () => {
  service = await startTestService();
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await service?.end();
});

const order = {
  reference: "PO-once",
  amount: 1250,
  currency: "usd",
  metadata: { b: "1", "10": "2", a: "3" },
};

/** Sends it as a client does that repeats itself, and keeps the bytes of the answer. */
async function post(path: string, key: string, body: unknown) {
  const response = await fetch(service.url + path, {
    method: "POST",
    headers: { authorization: "Bearer ck_dev", "content-type": "application/json", "idempotency-key": key },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    text,
    headers: response.headers,
    json: JSON.parse(text) as Record<string, unknown>,
  };
}

const ordersOf = async (reference: string) =>
  (await service.call<{ data: { id: string }[] }>("GET", `/v1/orders?reference=${reference}&limit=100`)).body
    .data;

test("the same request again is the same answer, byte for byte", async () => {
  const key = randomUUID();
  const first = await post("/v1/orders", key, order);
  expect(first.status).toBe(201);
  expect(first.headers.get("idempotent-replayed")).toBeNull();
  await service.pay(first.json as never);
  await service.reached(String(first.json["id"]), "completed");
  const again = await post("/v1/orders", key, order);
  expect(again).toMatchObject({ status: 201, text: first.text });
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(again.headers.get("location")).toBe(first.headers.get("location"));
  expect(again.headers.get("content-type")).toBe(first.headers.get("content-type"));
});

test("the same body written differently is the same request", async () => {
  const key = randomUUID();
  const first = await post("/v1/orders", key, '{"reference":"PO-spaces","amount":1250,"currency":"usd"}');
  const again = await post(
    "/v1/orders",
    key,
    ' { "currency" : "usd", "amount": 1.25e3,\n"reference":"PO\\u002dspaces" }',
  );
  expect(again).toMatchObject({ status: 201, text: first.text });
});

test("the same key with another body is refused, and changes nothing", async () => {
  const key = randomUUID();
  const first = await post("/v1/orders", key, { ...order, reference: "PO-first" });
  const other = await post("/v1/orders", key, { ...order, reference: "PO-other" });
  expect(other).toMatchObject({ status: 422, json: { code: "idempotency_mismatch" } });
  expect(await ordersOf("PO-other")).toEqual([]);
  expect((await post("/v1/orders", key, { ...order, reference: "PO-first" })).text).toBe(first.text);
});

test("a refused request does not use up its key", async () => {
  const key = randomUUID();
  expect(await post("/v1/orders", key, { ...order, amount: 0 })).toMatchObject({ status: 400 });
  expect(await post("/v1/orders", key, { ...order, reference: "PO-mended" })).toMatchObject({ status: 201 });
});

test("twenty at the same time with one key make one order", async () => {
  const key = randomUUID();
  const body = { ...order, reference: "PO-race" };
  const answers = await Promise.all(Array.from({ length: 20 }, () => post("/v1/orders", key, body)));
  const created = answers.filter(({ status }) => status === 201);
  expect(created.length).toBeGreaterThanOrEqual(1);
  for (const { status, json, headers } of answers.filter((answer) => answer.status !== 201)) {
    expect({ status, code: json["code"] }).toEqual({ status: 409, code: "idempotency_in_progress" });
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect(new Set(created.map(({ text }) => text)).size).toBe(1);
  expect(await ordersOf("PO-race")).toHaveLength(1);
  expect(await post("/v1/orders", key, body)).toMatchObject({ status: 201, text: created[0]?.text });
});

test("twenty at the same time with twenty keys make twenty orders", async () => {
  const body = { ...order, reference: "PO-many" };
  const answers = await Promise.all(Array.from({ length: 20 }, () => post("/v1/orders", randomUUID(), body)));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
  expect(await ordersOf("PO-many")).toHaveLength(20);
});

const paid = (amount: number) =>
  service.create({ amount, payment: { mode: "confirm", payment_method: "pm_card_visa" } });

test("a refund that is asked for again is made once, also when the first answer was never given", async () => {
  const { id, payment } = await paid(9_000);
  const path = `/v1/orders/${id}/refunds`;
  const key = randomUUID();
  const body = { amount: 1_000, reason: "one was broken" };
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(path, key, body)));
  for (const { status } of answers) expect([201, 409]).toContain(status);
  const first = answers.find(({ status }) => status === 201);
  expect(await post(path, key, body)).toMatchObject({ status: 201, text: first?.text });
  expect(await post(path, key, { ...body, amount: 1_001 })).toMatchObject({ status: 422 });
  // As after a process that died before it answered: the claim is there, and no answer.
  await database.query("update countersign.idempotency_keys set response = null where key = $1", [key]);
  const after = await post(path, key, body);
  expect(after).toMatchObject({
    status: 201,
    json: { id: first?.json["id"], status: "succeeded", amount: 1_000 },
  });
  expect(await service.ledger(payment.id)).toMatchObject({ refunds: 1, refunded: 1_000 });
});

test("refunds at the same time that are too much together are refused, not promised", async () => {
  const { id, payment } = await paid(9_000);
  const answers = await Promise.all(
    Array.from({ length: 5 }, () =>
      post(`/v1/orders/${id}/refunds`, randomUUID(), { amount: 6_000, reason: "returned" }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422, 422]);
  expect(answers.find(({ status }) => status === 422)?.json).toMatchObject({
    code: "unprocessable",
    errors: [{ path: "amount" }],
  });
  expect(await service.ledger(payment.id)).toMatchObject({ refunds: 1, refunded: 6_000 });
});

test("an order whose first answer was never given answers when it is asked for again", async () => {
  const key = randomUUID();
  const first = await post("/v1/orders", key, { ...order, reference: "PO-unanswered" });
  const id = String(first.json["id"]);
  await database.query("update countersign.idempotency_keys set response = null where key = $1", [key]);
  expect(await post("/v1/orders", key, { ...order, reference: "PO-unanswered" })).toMatchObject({
    status: 409,
  });
  await database.query(
    `update countersign.orders set state = jsonb_set(state, '{facts,created_at}', '"2026-01-01T00:00:00.000Z"') where id = $1`,
    [id],
  );
  const again = await post("/v1/orders", key, { ...order, reference: "PO-unanswered" });
  expect(again).toMatchObject({ status: 201, json: { id } });
});
