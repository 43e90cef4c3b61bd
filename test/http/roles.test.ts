import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

const KEYS = {
  viewer: "ck_viewer",
  support: "ck_support",
  finance: "ck_finance",
  admin: "ck_admin",
  stranger: "ck_stranger",
} as const;

let service: TestService;
let waiting: OrderView;
let paid: OrderView;
beforeAll(async () => {
  service = await startTestService({
    API_KEYS: [
      `dev:viewer:${KEYS.viewer}`,
      `dev:support:${KEYS.support}`,
      `dev:finance:${KEYS.finance}`,
      `dev:admin:${KEYS.admin}`,
      `dev:admin:ck_dev`,
      `elsewhere:admin:${KEYS.stranger}`,
    ].join(","),
  });
  waiting = await service.create({ amount: 125_000 });
  await service.pay(waiting);
  waiting = await service.until(
    () => service.order(waiting.id),
    (order) => order.approval !== null,
  );
  paid = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
});
afterAll(() => service?.end());

type Who = keyof typeof KEYS;

const as = (who: Who, method: string, path: string, body?: unknown) =>
  service.call(method, path, body, { authorization: `Bearer ${KEYS[who]}` });

const order = { reference: "PO-roles", amount: 100, currency: "usd" };

/** Endpoint, the least role that may, and what that role is answered. */
const matrix: [what: string, least: Who, status: number, call: (who: Who) => ReturnType<typeof as>][] = [
  ["list orders", "viewer", 200, (who) => as(who, "GET", "/v1/orders")],
  ["read an order", "viewer", 200, (who) => as(who, "GET", `/v1/orders/${waiting.id}`)],
  ["read its events", "viewer", 200, (who) => as(who, "GET", `/v1/orders/${waiting.id}/events`)],
  ["read its trail", "viewer", 200, (who) => as(who, "GET", `/v1/orders/${waiting.id}/audit`)],
  ["read an approval", "viewer", 200, (who) => as(who, "GET", `/v1/approvals/${waiting.approval?.id}`)],
  ["read the inbox", "viewer", 200, (who) => as(who, "GET", "/v1/webhooks/inbox")],
  [
    "write a note",
    "support",
    202,
    (who) => as(who, "POST", `/v1/orders/${waiting.id}/messages`, { topic: "note", message: "seen" }),
  ],
  ["remind", "support", 202, (who) => as(who, "POST", `/v1/approvals/${waiting.approval?.id}/remind`)],
  [
    "refund",
    "finance",
    201,
    (who) => as(who, "POST", `/v1/orders/${paid.id}/refunds`, { amount: 1, reason: "a cent" }),
  ],
  [
    "cancel by message",
    "finance",
    202,
    (who) => as(who, "POST", `/v1/orders/${paid.id}/messages`, { topic: "cancel", message: "stop" }),
  ],
  ["create an order", "admin", 201, (who) => as(who, "POST", "/v1/orders", order)],
];

const RANK: Who[] = ["viewer", "support", "finance", "admin"];

describe("each role may do what it is for, and nothing above it", () => {
  test.each(matrix)("%s", async (_, least, status, call) => {
    for (const who of RANK) {
      const answer = await call(who);
      if (RANK.indexOf(who) >= RANK.indexOf(least)) expect(answer, who).toMatchObject({ status });
      else expect(answer, who).toMatchObject({ status: 403, body: { code: "forbidden" } });
    }
  });

  test("only finance may decide, and only whom the policy asks", async () => {
    const path = `/v1/approvals/${waiting.approval?.id}/decisions`;
    for (const who of ["viewer", "support", "finance"] as const)
      expect(await as(who, "POST", path, { decision: "approve" })).toMatchObject({ status: 403 });
    expect((await service.order(waiting.id)).approval?.votes).toEqual([]);
  });
});

describe("what belongs to another tenant is not there", () => {
  test.each([
    ["GET", () => `/v1/orders/${waiting.id}`, undefined],
    ["GET", () => `/v1/orders/${waiting.id}/events`, undefined],
    ["GET", () => `/v1/orders/${waiting.id}/events/status`, undefined],
    ["GET", () => `/v1/orders/${waiting.id}/audit`, undefined],
    ["GET", () => `/v1/orders/${waiting.id}/audit/stream`, undefined],
    ["GET", () => `/v1/orders/${waiting.id}/audit/verify`, undefined],
    ["POST", () => `/v1/orders/${waiting.id}/cancel`, { reason: "x" }],
    ["POST", () => `/v1/orders/${paid.id}/refunds`, { reason: "x" }],
    ["POST", () => `/v1/orders/${waiting.id}/messages`, { topic: "note", message: "x" }],
    ["GET", () => `/v1/approvals/${waiting.approval?.id}`, undefined],
    ["POST", () => `/v1/approvals/${waiting.approval?.id}/decisions`, { decision: "approve" }],
    ["POST", () => `/v1/approvals/${waiting.approval?.id}/remind`, undefined],
  ] as const)("%s %s", async (method, path, body) => {
    expect(await as("stranger", method, path(), body)).toMatchObject({
      status: 404,
      body: { code: "not_found" },
    });
  });

  test("lists show nothing of it", async () => {
    for (const path of ["/v1/orders", "/v1/approvals", "/v1/audit"])
      expect((await as("stranger", "GET", path)).body).toMatchObject({ data: [], has_more: false });
  });

  test("its idempotency keys are others", async () => {
    const headers = { "idempotency-key": "the-same" };
    const own = await service.call("POST", "/v1/orders", order, {
      ...headers,
      authorization: `Bearer ${KEYS.admin}`,
    });
    const other = await service.call(
      "POST",
      "/v1/orders",
      { ...order, amount: 200 },
      { ...headers, authorization: `Bearer ${KEYS.stranger}` },
    );
    expect([own.status, other.status]).toEqual([201, 201]);
    expect(other.body["id"]).not.toBe(own.body["id"]);
  });

  test("what the provider sends is not shown to a tenant that it is not about", async () => {
    const order = await service.create();
    await service.pay(order);
    await service.reached(order.id, "completed");
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    const listed = async (key: string) =>
      (
        await service.call<{ data: { id: string; order_id: string | null }[] }>(
          "GET",
          "/v1/webhooks/inbox?limit=100",
          undefined,
          as(key),
        )
      ).body.data.filter((webhook) => webhook.order_id === order.id);
    const [own] = await listed(KEYS.admin);
    expect(own).toBeDefined();
    expect(await listed(KEYS.stranger)).toEqual([]);
    const path = `/v1/webhooks/inbox/${own?.id}`;
    expect((await service.call("GET", path, undefined, as(KEYS.admin))).status).toBe(200);
    expect((await service.call("GET", path, undefined, as(KEYS.stranger))).status).toBe(404);
    const replay = await service.call<{ matched: number }>(
      "POST",
      "/v1/webhooks/inbox/replay",
      { filter: { order_id: order.id }, dry_run: true },
      as(KEYS.stranger),
    );
    expect(replay.body.matched).toBe(0);
  });
});
