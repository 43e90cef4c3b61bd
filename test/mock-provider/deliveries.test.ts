import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startMockProvider } from "../../src/mock-provider/server.ts";
import { client, eventually, openBench, openSink, refusal, SECRET, type Bench } from "./provider.ts";

let bench: Bench;
let stripe: Stripe;
beforeEach(async () => {
  bench = await openBench();
  stripe = bench.stripe;
});
afterEach(() => bench.stop());

const create = () => stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
const newest = async () => (await stripe.events.list({ limit: 1 })).data[0]!;
const undelivered = async () =>
  (await stripe.events.list({ delivery_success: false, limit: 100 })).data.map((event) => event.id);
const delivered = async () =>
  (await stripe.events.list({ delivery_success: true, limit: 100 })).data.map((event) => event.id);
const DAY_S = 86_400;

test("an event is pending until its endpoint takes it, and failing from its first failed try on", async () => {
  let answer: (status: number) => void = () => {};
  const asked = new Promise<void>((resolve) => {
    bench.sink.answer = () => 204;
    const slow = createServer((_, response) => {
      answer = (status) => response.writeHead(status).end();
      resolve();
    });
    slow.listen(0, "127.0.0.1", () => {
      const address = slow.address();
      const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/`;
      void stripe.webhookEndpoints.update("we_countersign", { url }).then(create);
    });
  });
  await asked;
  const event = await newest();
  expect(event.pending_webhooks).toBe(1);
  expect([await undelivered(), await delivered()]).toEqual([[], []]); // its first try is under way
  await stripe.webhookEndpoints.update("we_countersign", { url: bench.sink.url });
  answer(500);
  await eventually(async () => (await undelivered()).includes(event.id));
  expect((await newest()).pending_webhooks).toBe(1);
  await eventually(async () => (await delivered()).includes(event.id), 8_000);
  expect(await undelivered()).toEqual([]);
  expect((await newest()).pending_webhooks).toBe(0);
});

test("an event for two endpoints is pending for each that has not taken it", async () => {
  await stripe.webhookEndpoints.create({ url: "http://127.0.0.1:9/none", enabled_events: ["*"] });
  await create();
  await bench.sink.until(() => bench.sink.all.length === 1);
  await eventually(async () => (await newest()).pending_webhooks === 1);
  expect(bench.sink.all[0]?.event.pending_webhooks).toBe(2);
  await eventually(async () => (await undelivered()).length === 1);
});

test("an endpoint that refuses connections, or hangs, is tried again", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "countersign-mock-"));
  const sink = await openSink();
  let hung = 0;
  const hang = createServer(() => {
    hung += 1;
  });
  await new Promise<void>((resolve) => hang.listen(0, "127.0.0.1", resolve));
  const address = hang.address();
  const provider = await startMockProvider({
    port: 0,
    host: "127.0.0.1",
    dataDir,
    webhook: {
      url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/`,
      secret: SECRET,
    },
    deliveryTimeoutMs: 200,
    log: pino({ level: "silent" }),
  });
  const mine = client(provider.port);
  try {
    await mine.paymentIntents.create({ amount: 2_000, currency: "usd" });
    await eventually(() => hung >= 2, 6_000);
    expect((await mine.events.list({ delivery_success: false })).data).toHaveLength(1);
    await mine.webhookEndpoints.update("we_countersign", { url: "http://127.0.0.1:9/none" });
    await fetch(`${provider.url}/_mock/clock`, { method: "POST", body: '{"advance_s": 60}' });
    expect((await mine.events.list({ delivery_success: false })).data).toHaveLength(1);
    await mine.webhookEndpoints.update("we_countersign", { url: sink.url });
    await eventually(async () => {
      await fetch(`${provider.url}/_mock/clock`, { method: "POST", body: '{"advance_s": 60}' });
      return sink.all.length > 0;
    });
  } finally {
    await provider.stop();
    await sink.stop();
    hang.closeAllConnections();
    hang.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test("an endpoint that fails for three days is disabled, and nothing is sent to it until it is enabled", async () => {
  bench.sink.answer = () => 500;
  await create();
  await bench.sink.until(() => bench.sink.all.length === 1);
  await bench.mock("/clock", { advance_s: 2 * DAY_S });
  await bench.sink.until(() => bench.sink.all.length === 2);
  expect(await stripe.webhookEndpoints.retrieve("we_countersign")).toMatchObject({ status: "enabled" });
  await eventually(async () => {
    await bench.mock("/clock", { advance_s: DAY_S });
    return (await stripe.webhookEndpoints.retrieve("we_countersign")).status === "disabled";
  });
  const lost = await newest();
  expect(await undelivered()).toEqual([lost.id]);
  const sent = bench.sink.all.length;
  bench.sink.answer = () => 204;
  const unsent = await create();
  await bench.mock("/clock", { advance_s: DAY_S });
  expect(bench.sink.all).toHaveLength(sent);
  expect((await newest()).pending_webhooks).toBe(0); // no endpoint was listening

  await stripe.webhookEndpoints.update("we_countersign", { disabled: false });
  const later = await create();
  await bench.sink.until(() => bench.sink.types(later.id).length === 1);
  expect(bench.sink.types(unsent.id)).toEqual([]);
  await stripe.rawRequest("POST", `/v1/events/${lost.id}/retry`, {});
  await eventually(async () => (await undelivered()).length === 0);
});

test("one success ends the count of failures", async () => {
  bench.sink.answer = () => 500;
  await create();
  await bench.sink.until(() => bench.sink.all.length === 1);
  await bench.mock("/clock", { advance_s: 2 * DAY_S });
  await bench.sink.until(() => bench.sink.all.length === 2);
  bench.sink.answer = () => 204;
  await create();
  await bench.sink.until(() => bench.sink.all.length === 3);
  bench.sink.answer = () => 500;
  await eventually(async () => {
    await bench.mock("/clock", { advance_s: DAY_S });
    return bench.sink.all.length === 4;
  });
  await eventually(async () => (await undelivered()).length === 1);
  await new Promise((done) => setTimeout(done, 100));
  expect(await stripe.webhookEndpoints.retrieve("we_countersign")).toMatchObject({ status: "enabled" });
});

test("an event is sent again by request, as the CLI asks for it", async () => {
  await create();
  await bench.sink.until(() => bench.sink.all.length === 1);
  const { id } = await newest();
  await stripe.rawRequest("POST", `/v1/events/${id}/retry`, { for_stripecli: "true" });
  await bench.sink.until(() => bench.sink.all.length === 2);
  await stripe.rawRequest("POST", `/v1/events/${id}/retry`, { webhook_endpoint: "we_countersign" });
  await bench.sink.until(() => bench.sink.all.length === 3);
  expect(new Set(bench.sink.all.map(({ event }) => event.id))).toEqual(new Set([id]));
  expect((await newest()).pending_webhooks).toBe(0);
  const again = (more: object) => refusal(stripe.rawRequest("POST", `/v1/events/${id}/retry`, more));
  expect(await again({ webhook_endpoint: "we_none" })).toMatchObject({ code: "resource_missing" });
  await stripe.webhookEndpoints.update("we_countersign", { disabled: true });
  expect(await again({ webhook_endpoint: "we_countersign" })).toMatchObject({ param: "webhook_endpoint" });
});

test("what was taken once stays taken when it is sent again and fails", async () => {
  await create();
  await bench.sink.until(() => bench.sink.all.length === 1);
  const { id } = await newest();
  await eventually(async () => (await newest()).pending_webhooks === 0);
  bench.sink.answer = () => 500;
  await stripe.rawRequest("POST", `/v1/events/${id}/retry`, {});
  await bench.sink.until(() => bench.sink.all.length === 2);
  expect(await undelivered()).toEqual([]);
});

test("an event asked for again while it fails is tried on one track, not on two", async () => {
  bench.sink.answer = () => 500;
  await create();
  await bench.sink.until(() => bench.sink.all.length === 1);
  await stripe.rawRequest("POST", `/v1/events/${(await newest()).id}/retry`, {});
  await bench.sink.until(() => bench.sink.all.length === 2);
  await bench.mock("/clock", { advance_s: 5 });
  await bench.sink.until(() => bench.sink.all.length === 3);
  await new Promise((done) => setTimeout(done, 300));
  expect(bench.sink.all).toHaveLength(3);
});

test("events are listed for thirty days", async () => {
  await create();
  const { id, created } = await newest();
  await bench.mock("/clock", { advance_s: 29 * DAY_S });
  await create();
  const two = await stripe.events.list({ limit: 100 });
  expect(two.data).toHaveLength(2);
  expect((await stripe.events.list({ created: { gt: created } })).data).toHaveLength(1);
  expect((await stripe.events.list({ created: { lte: created } })).data.map((each) => each.id)).toEqual([id]);
  expect((await stripe.events.list({ created })).data.map((each) => each.id)).toEqual([id]);
  await bench.mock("/clock", { advance_s: 2 * DAY_S });
  expect((await stripe.events.list({ limit: 100 })).data).toHaveLength(1);
  expect(await refusal(stripe.events.retrieve(id))).toMatchObject({ code: "resource_missing" });
});
