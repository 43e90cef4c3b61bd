import pg from "pg";
import Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let db: pg.Client;
let stripe: Stripe;
beforeAll(async () => {
  service = await startTestService({ RECONCILE_EVERY_S: "1" });
  db = new pg.Client(service.databaseUrl);
  await db.connect();
  const { hostname, port } = new URL(service.providerUrl ?? "");
  stripe = new Stripe("sk_test_mock", { host: hostname, port, protocol: "http" });
});
afterAll(async () => {
  await db?.end();
  await service?.end();
});

const chaos = (settings: Record<string, number>) =>
  fetch(`${service.providerUrl}/_mock/chaos`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ seed: 1, duplicate: 0, reorder: 0, delay_ms: 0, drop: 0, ...settings }),
  });

const sources = async (id: string) => (await service.trail(id)).map((entry) => entry.data["source"]);

test("webhooks that never come are found in the provider's list of events", async () => {
  await chaos({ drop: 1 });
  const orders = await Promise.all([service.create(), service.create({ amount: 125_000 })]);
  for (const order of orders) await service.pay(order);
  await service.reached(orders[0].id, "completed");
  await service.reached(orders[1].id, "awaiting_approval");
  await chaos({});
  const inbox = await service.call<{ data: Record<string, unknown>[] }>(
    "GET",
    "/v1/webhooks/inbox?state=routed&limit=100",
  );
  expect(inbox.body.data).not.toEqual([]);
  expect(inbox.body.data.every((webhook) => webhook["recovered"] === true)).toBe(true);
  for (const { id } of orders) {
    const told = (await sources(id)).filter((source) => !/^(effect|request) /.test(`${source as string}`));
    expect(new Set(told.filter((source) => source !== undefined))).toEqual(new Set(["reconciliation"]));
  }
});

test("an event that was recovered is not taken in again when it comes late after all", async () => {
  await chaos({ drop: 1 });
  const order = await service.create();
  await service.pay(order);
  const { payment } = await service.reached(order.id, "completed");
  await chaos({});
  const before = await service.trail(order.id);
  const { data } = await stripe.events.list({ type: "payment_intent.succeeded", limit: 100 });
  const event = data.find((each) => (each.data.object as { id?: string }).id === payment.id);
  await stripe.rawRequest("POST", `/v1/events/${event?.id}/retry`);
  await service.until(
    async () => {
      const { body } = await service.call<{ data: { event_id: string; duplicates: number }[] }>(
        "GET",
        "/v1/webhooks/inbox?limit=100",
      );
      return body.data.find((webhook) => webhook.event_id === event?.id);
    },
    (webhook) => webhook?.duplicates === 1,
  );
  expect(await service.trail(order.id)).toEqual(before);
});

test("a payment that waits for longer than expected is looked at, though no event tells of it", async () => {
  const endpoints = await stripe.webhookEndpoints.list();
  for (const endpoint of endpoints.data)
    await stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
  const orders = await Promise.all([service.create(), service.create({ payment: { mode: "client" } })]);
  await service.pay(orders[0]);
  const [intent] = (orders[1].payment.client_secret ?? "").split("_secret_");
  await stripe.paymentIntents.confirm(intent ?? "", {
    payment_method: "pm_card_visa",
    return_url: "http://127.0.0.1/done",
  });
  await db.query(
    "update countersign.orders set created_at = created_at - interval '5 minutes' where id = any($1)",
    [orders.map((order) => order.id)],
  );
  for (const { id } of orders) {
    await service.reached(id, "completed");
    expect(await sources(id)).toContain("reconciliation");
  }
  for (const endpoint of endpoints.data)
    await stripe.webhookEndpoints.update(endpoint.id, { disabled: false });
});
