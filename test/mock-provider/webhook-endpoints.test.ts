import { readFileSync } from "node:fs";
import { join } from "node:path";
import Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EVENT_NAMES } from "../../src/mock-provider/event-names.ts";
import { eventually, openBench, openSink, pay, refusal, type Bench } from "./provider.ts";

let bench: Bench;
let stripe: Stripe;
beforeAll(async () => {
  bench = await openBench();
  stripe = bench.stripe;
});
afterAll(() => bench.stop());

const url = "http://127.0.0.1:9/none";
const anyEvent = (name: string) => [name as Stripe.WebhookEndpointCreateParams.EnabledEvent];

test("the names of events are those of the official SDK", () => {
  const types = readFileSync(
    join(import.meta.dirname, "../../node_modules/stripe/esm/resources/WebhookEndpoints.d.ts"),
    "utf8",
  );
  const union = /type EnabledEvent = ([^;]+);/.exec(types)?.[1] ?? "";
  const names = [...union.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? "");
  expect([...EVENT_NAMES].sort()).toEqual(names.filter((name) => name !== "*").sort());
});

test("an endpoint asks for known events or for all, not for groups", async () => {
  for (const name of ["payment_intent.invented", "charge.*", "*.*"]) {
    const refused = await refusal(stripe.webhookEndpoints.create({ url, enabled_events: anyEvent(name) }));
    expect(refused).toMatchObject({ statusCode: 400, param: "enabled_events[0]" });
    expect(refused.message).toMatch(/^Invalid enabled_events\[0\]: must be one of account\./);
  }
  expect(await refusal(stripe.webhookEndpoints.create({ url, enabled_events: [] }))).toMatchObject({
    param: "enabled_events",
  });
  const all = await stripe.webhookEndpoints.create({ url, enabled_events: ["*"] });
  expect(
    await refusal(stripe.webhookEndpoints.update(all.id, { enabled_events: anyEvent("nothing") })),
  ).toMatchObject({ param: "enabled_events[0]" });
  expect((await stripe.webhookEndpoints.retrieve(all.id)).enabled_events).toEqual(["*"]);
  await stripe.webhookEndpoints.del(all.id);
});

test("the secret is shown when the endpoint is made, and never again", async () => {
  const made = await stripe.webhookEndpoints.create({ url, enabled_events: ["*"] });
  expect(made.secret).toMatch(/^whsec_\w{32}$/);
  for (const seen of [
    await stripe.webhookEndpoints.retrieve(made.id),
    await stripe.webhookEndpoints.update(made.id, { description: "again" }),
    (await stripe.webhookEndpoints.list()).data.find((each) => each.id === made.id),
  ])
    expect(seen?.secret).toBeUndefined();
  await stripe.webhookEndpoints.del(made.id);
});

test("an endpoint's version is that of its events, and must be one", async () => {
  expect(
    await refusal(
      stripe.webhookEndpoints.create({ url, enabled_events: ["*"], api_version: "latest" as never }),
    ),
  ).toMatchObject({ param: "api_version" });
  const sink = await openSink(0, "unused");
  const made = await stripe.webhookEndpoints.create({
    url: sink.url,
    enabled_events: ["payment_intent.created"],
    api_version: "2025-03-31.basil",
  });
  const pinned = await openSink(0, made.secret ?? "");
  await stripe.webhookEndpoints.update(made.id, { url: pinned.url });
  await pay(stripe);
  await pinned.until(() => pinned.all.length === 1);
  expect(pinned.all[0]?.event.api_version).toBe("2025-03-31.basil");
  await stripe.webhookEndpoints.del(made.id);
  await Promise.all([sink.stop(), pinned.stop()]);
});

test("while a secret is rolled, deliveries carry a signature of each", async () => {
  const made = await stripe.webhookEndpoints.create({ url, enabled_events: ["payment_intent.created"] });
  const sink = await openSink(0, made.secret ?? "");
  await stripe.webhookEndpoints.update(made.id, { url: sink.url });
  const { secret } = (await bench.mock(`/webhook_endpoints/${made.id}/roll_secret`, {
    expires_in_s: 3_600,
  })) as unknown as { secret: string };
  await pay(stripe);
  await sink.until(() => sink.all.length === 1);
  const [first] = sink.all;
  expect(Stripe.webhooks.constructEvent(first!.body, first!.signature, secret).id).toBe(first!.event.id);
  await bench.mock("/clock", { advance_s: 4_000 });
  await pay(stripe);
  await eventually(() => sink.invalid.length > 0);
  expect(sink.invalid[0]?.match(/v1=/g)).toHaveLength(1);
  await stripe.webhookEndpoints.del(made.id);
  await sink.stop();
});
