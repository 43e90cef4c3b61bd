import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { signatureHeader } from "../../src/mock-provider/signature.ts";
import { eventually, openBench, openSink, pay, refusal, type Bench } from "./provider.ts";

let bench: Bench;
let stripe: Stripe;
beforeEach(async () => {
  bench = await openBench();
  stripe = bench.stripe;
});
afterEach(() => bench.stop());

test("signatures match Stripe's published scheme, byte for byte", () => {
  const sign = (body: string) => signatureHeader("whsec_test_secret", body, 1_700_000_000);
  expect(sign('{"id":"evt_test_webhook","object":"event"}')).toBe(
    "t=1700000000,v1=d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990",
  );
  expect(sign('{"id":"evt_é€😀"}')).toBe(
    "t=1700000000,v1=fba7ff32ad9047b36899574b2ffeb3355a9d533cd5c45e93dc487e2305af4818",
  );
});

test("an event carries Stripe's envelope and the object as it was", async () => {
  const payment = await pay(stripe, { capture_method: "manual" });
  await stripe.paymentIntents.capture(payment.id);
  await bench.sink.until(() => bench.sink.types(payment.id).length === 3);
  const delivered = bench.sink.all.find(
    ({ event }) => event.type === "payment_intent.amount_capturable_updated",
  );
  expect(delivered?.event).toMatchObject({
    object: "event",
    api_version: "2026-10-28.endive",
    livemode: false,
    pending_webhooks: 1,
    request: { id: expect.stringMatching(/^req_/) as string, idempotency_key: expect.any(String) as string },
    data: { object: { id: payment.id, status: "requires_capture" } },
  });
  const stored = await stripe.events.retrieve(delivered?.event.id ?? "");
  expect(stored.data).toEqual(delivered?.event.data);
  await eventually(async () => (await stripe.events.retrieve(stored.id)).pending_webhooks === 0);
});

test("a delivery that fails, or is redirected, comes again with a new signature", async () => {
  const tries = new Map<string, number>();
  bench.sink.answer = (event) => {
    const before = tries.get(event.id) ?? 0;
    tries.set(event.id, before + 1);
    return before === 0 ? (event.type === "payment_intent.created" ? 302 : 500) : 200;
  };
  const payment = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
  await bench.sink.until(() => bench.sink.types(payment.id).length === 1);
  expect((await stripe.events.list({ delivery_success: false })).data).toHaveLength(1);
  await bench.sink.until(() => bench.sink.types(payment.id).length === 2, 6_000);
  const [first, second] = bench.sink.all.filter(({ event }) => event.type === "payment_intent.created");
  expect(second!.at - first!.at).toBeLessThan(5_000);
  expect(second!.event.id).toBe(first!.event.id);
  expect(second!.signature).not.toBe(first!.signature);
  await eventually(async () => (await stripe.events.list({ delivery_success: false })).data.length === 0);
});

test("retries follow the provider's clock", async () => {
  bench.sink.answer = () => (bench.sink.all.length < 2 ? 503 : 200);
  await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
  await bench.sink.until(() => bench.sink.all.length === 1);
  await eventually(async () => {
    await bench.mock("/clock", { advance_s: 60 });
    return bench.sink.all.length >= 3;
  });
});

test("events are listed by type, time and object", async () => {
  const payment = await pay(stripe);
  expect((await stripe.events.list({ type: "charge.succeeded" })).data).toHaveLength(1);
  expect((await stripe.events.list({ type: "payment_intent.*" })).data).toHaveLength(2);
  expect(
    (await stripe.events.list({ types: ["charge.succeeded", "payment_intent.created"] })).data,
  ).toHaveLength(2);
  expect((await stripe.events.list({ created: { lt: payment.created - 10 } })).data).toEqual([]);
  expect(await refusal(stripe.events.list({ type: "a", types: ["b"] }))).toMatchObject({ statusCode: 400 });
  expect(await refusal(stripe.events.retrieve("evt_none"))).toMatchObject({
    statusCode: 404,
    code: "resource_missing",
  });
});

test("endpoints hear what they asked for, with their own secret, until they are disabled", async () => {
  const endpoint = await stripe.webhookEndpoints.create({
    url: "http://127.0.0.1:9/none",
    enabled_events: ["charge.succeeded"],
    metadata: { a: "1" },
  });
  const mine = await openSink(0, endpoint.secret ?? "");
  try {
    await stripe.webhookEndpoints.update(endpoint.id, { url: mine.url });
    expect((await stripe.webhookEndpoints.retrieve(endpoint.id)).secret).toBeUndefined();
    await pay(stripe);
    await mine.until(() => mine.all.length === 1);
    expect(mine.types()).toEqual(["charge.succeeded"]);
    expect(await stripe.webhookEndpoints.update(endpoint.id, { disabled: true })).toMatchObject({
      status: "disabled",
    });
    await pay(stripe);
    await bench.sink.until(
      () => bench.sink.types().filter((type) => type === "charge.succeeded").length === 2,
    );
    expect(mine.all).toHaveLength(1);
    expect(await stripe.webhookEndpoints.del(endpoint.id)).toMatchObject({ deleted: true });
    expect((await stripe.webhookEndpoints.list()).data).toHaveLength(1);
  } finally {
    await mine.stop();
  }
});

const calm = {
  seed: 7,
  duplicate: 0,
  reorder: 0,
  delay_ms: 0,
  drop: 0,
  stale_signature: 0,
  twin_event: 0,
  error_after: 0,
  hang: 0,
  reset: 0,
};

test("a stale signature does not verify; its retry does", async () => {
  await bench.mock("/chaos", { ...calm, stale_signature: 1 });
  await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
  await bench.sink.until(() => bench.sink.invalid.length === 1);
  await bench.sink.until(() => bench.sink.all.length === 1, 6_000);
});

test("an error after the work keeps the work, and the key keeps the error", async () => {
  await bench.mock("/chaos", { ...calm, error_after: 1 });
  const create = () =>
    stripe.paymentIntents.create(
      { amount: 2_000, currency: "usd", metadata: { mine: "1" } },
      { idempotencyKey: "once" },
    );
  expect(await refusal(create())).toMatchObject({ statusCode: 500, type: "StripeAPIError" });
  await bench.mock("/chaos", calm);
  expect(await refusal(create())).toMatchObject({ statusCode: 500 });
  expect((await stripe.paymentIntents.list()).data.map((each) => each.metadata)).toEqual([{ mine: "1" }]);
});

test("a reset connection or no answer leaves the work done once", async () => {
  await bench.mock("/chaos", { ...calm, reset: 1 });
  const create = () =>
    stripe.paymentIntents.create(
      { amount: 2_000, currency: "usd" },
      { idempotencyKey: "once", timeout: 300 },
    );
  // The client itself tries a reset connection once more; the key replays what was done.
  await create().catch(() => null);
  await bench.mock("/chaos", { ...calm, hang: 1 });
  expect(
    await refusal(
      stripe.paymentIntents.create(
        { amount: 3_000, currency: "usd" },
        { idempotencyKey: "two", timeout: 300 },
      ),
    ),
  ).toMatchObject({ type: "StripeConnectionError" });
  await bench.mock("/chaos", calm);
  expect((await create()).amount).toBe(2_000);
  expect((await stripe.paymentIntents.list()).data.map((each) => each.amount)).toEqual([3_000, 2_000]);
});
