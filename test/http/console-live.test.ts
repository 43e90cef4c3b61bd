import { createParser } from "eventsource-parser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChangeAnswer } from "../../src/contract/answers/changes.ts";
import type { OverviewAnswer, SeriesAnswer } from "../../src/contract/answers/overview.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ API_KEYS: "dev:admin:ck_dev,elsewhere:admin:ck_stranger" });
});
afterAll(() => service?.end());

const STRANGER = { authorization: "Bearer ck_stranger" };

/** Follows what changes, as a browser does. */
async function follow(key = "ck_dev") {
  const gone = new AbortController();
  const response = await fetch(`${service.url}/v1/changes`, {
    headers: { authorization: `Bearer ${key}` },
    signal: gone.signal,
  });
  const heard: ChangeAnswer[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === "change") heard.push(JSON.parse(data) as ChangeAnswer);
    },
  });
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? [])
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
  })().catch(() => undefined);
  return {
    heard,
    status: response.status,
    of: (object: string) => heard.filter((change) => change.object === object),
    ended: reading,
    stop: () => gone.abort(),
  };
}

describe("what changes is heard of", () => {
  test("by its own tenant alone: orders, approvals, webhooks in and out", async () => {
    const endpoint = await service.call<{ id: string }>("POST", "/v1/webhook-endpoints", {
      url: "https://merchant.example/hooks",
      event_types: ["order.*"],
    });
    expect(endpoint.status).toBe(201);
    const [ours, theirs] = [await follow(), await follow("ck_stranger")];
    const order = await service.create({ amount: 125_000 });
    await service.pay(order);
    const asked = await service.until(
      () => service.order(order.id),
      (view) => view.approval !== null,
    );
    await service.until(
      () => Promise.resolve(ours.heard),
      () =>
        ours.of("order").some(({ id }) => id === order.id) &&
        ours.of("approval").some(({ id, order_id }) => id === asked.approval?.id && order_id === order.id) &&
        ours.of("inbound_webhook").some(({ order_id }) => order_id === order.id) &&
        ours.of("webhook_delivery").length > 0,
    );
    const other = await service.call<{ id: string }>(
      "POST",
      "/v1/orders",
      { reference: "PO-other", amount: 100, currency: "usd" },
      STRANGER,
    );
    await service.until(
      () => Promise.resolve(theirs.heard),
      () => theirs.of("order").some(({ id }) => id === other.body.id),
    );
    expect(theirs.heard.every(({ id, order_id }) => id !== order.id && order_id !== order.id)).toBe(true);
    expect(theirs.of("webhook_delivery")).toEqual([]);
    expect(ours.heard.some(({ id }) => id === other.body.id)).toBe(false);
    ours.stop();
    theirs.stop();
  });
});

describe("the overview", () => {
  test("counts what is open, for its own tenant alone", async () => {
    const before = (await service.call<OverviewAnswer>("GET", "/v1/overview", undefined, STRANGER)).body;
    const waiting = await service.create();
    const mine = await service.until(
      async () => (await service.call<OverviewAnswer>("GET", "/v1/overview")).body,
      ({ orders }) => (orders.by_status["awaiting_payment"] ?? 0) >= 1,
    );
    expect(waiting.status).toBe("awaiting_payment");
    expect(mine).toMatchObject({
      object: "overview",
      approvals: { open: 1, oldest_open_at: expect.stringMatching(/^\d{4}-.*Z$/) as string },
      provider: { name: "stripe", ok: true },
      mail: { ok: true },
      processes: [{ alive: true }],
    });
    expect(mine.orders.by_status["completed"]).toBeUndefined();
    expect(mine.database.connections).toBeGreaterThan(0);
    const theirs = (await service.call<OverviewAnswer>("GET", "/v1/overview", undefined, STRANGER)).body;
    expect(theirs.approvals).toEqual({ open: 0, oldest_open_at: null });
    expect(theirs.orders).toEqual(before.orders);
  });

  test("tells rates and latencies of the last hour and day, by steps", async () => {
    const order = await service.create({ amount: 700 });
    await service.pay(order);
    await service.reached(order.id, "completed");
    const sum = (
      data: SeriesAnswer["data"],
      metric: "orders_created" | "orders_ended" | "payments_captured" | "webhooks_received",
    ) => data.reduce((total, point) => total + (point[metric] ?? 0), 0);
    const hour = await service.until(
      async () => (await service.call<SeriesAnswer>("GET", "/v1/overview/series")).body,
      ({ data }) => sum(data, "orders_ended") === 1,
    );
    expect(hour).toMatchObject({ object: "series", window: "hour", step_s: 60 });
    expect(hour.data).toHaveLength(60);
    expect(sum(hour.data, "orders_created")).toBe(3);
    expect(sum(hour.data, "payments_captured")).toBe(1);
    expect(sum(hour.data, "webhooks_received")).toBeGreaterThan(1);
    const timed = hour.data.filter((point) => point.webhook_to_status_ms_p50 !== null);
    expect(timed.length).toBeGreaterThan(0);
    for (const { webhook_to_status_ms_p50: p50, webhook_to_status_ms_p95: p95 } of timed)
      expect(p95).toBeGreaterThanOrEqual(p50 ?? Infinity);
    const day = (await service.call<SeriesAnswer>("GET", "/v1/overview/series?window=day")).body;
    expect(day.data).toHaveLength(96);
    expect(sum(day.data, "orders_created")).toBe(3);
    const bad = await service.call("GET", "/v1/overview/series?window=year");
    expect(bad).toMatchObject({ status: 400, body: { errors: [{ path: "window" }] } });
  });
});

test("orders are found by id, payment, and how reference, address or name begin", async () => {
  const order = await service.create({
    amount: 125_000,
    reference: "Search-77",
    customer: { email: "Buyer@example.com", name: "Ada Lovelace" },
  });
  await service.create({ reference: "Other-1", customer: { email: "sam@example.com", name: "Sam" } });
  const found = async (search: string, headers = {}) =>
    (
      await service.call<{ data: { id: string }[] }>(
        "GET",
        `/v1/orders?search=${encodeURIComponent(search)}`,
        undefined,
        headers,
      )
    ).body.data.map(({ id }) => id);
  for (const search of [
    order.id,
    order.payment.session_id ?? "",
    "search-7",
    "SEARCH-77",
    "buyer@",
    "ada love",
  ])
    expect(await found(search), search).toEqual([order.id]);
  for (const search of ["lovelace", "%", "_da", "search-78", "'; --"])
    expect(await found(search), search).toEqual([]);
  await service.call("POST", `/v1/orders/${order.id}/messages`, {
    topic: "amend",
    message: { reference: "Renamed-1", customer: { name: "Grace", email: "buyer@example.com" } },
  });
  await service.until(
    () => found("renamed"),
    (ids) => ids[0] === order.id,
  );
  expect([await found("ada love"), await found("search-7"), await found("grace")]).toEqual([
    [],
    [],
    [order.id],
  ]);
  expect(await found("renamed", STRANGER)).toEqual([]);
  expect(await found(order.id, STRANGER)).toEqual([]);
});
