import { afterAll, beforeAll, expect, test } from "vitest";
import {
  Countersign,
  CountersignError,
  verifyWebhook,
  webhookId,
  type Events,
} from "../../src/client/index.ts";
import { OPERATIONS } from "../../src/contract/openapi.ts";
import { startReceiver, type Receiver } from "../outbound/receiver.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let receiver: Receiver;
let countersign: Countersign;
const used = new Set<string>();

beforeAll(async () => {
  service = await startTestService();
  receiver = await startReceiver();
  countersign = new Countersign({
    baseUrl: `${service.url}/`,
    apiKey: "ck_dev",
    fetch: (input, init) => {
      used.add(`${init?.method} ${new URL(input).pathname}`);
      return fetch(input, init);
    },
  });
});
afterAll(async () => {
  await receiver.close();
  await service.end();
});

async function taken<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("an order is created, listed over all pages, watched until it is complete, refunded and erased", async () => {
  const { orders, events } = countersign;
  const key = "po-1001-of-a-test";
  const wanted = {
    reference: "PO-1001",
    amount: 1250,
    currency: "usd",
    customer: { email: "buyer@example.com", name: "Ada" },
    items: [{ sku: "cable", quantity: 5, unit_amount: 250 }],
  };
  const order = await orders.create(wanted, { idempotencyKey: key });
  expect(order).toMatchObject({ object: "order", status: "awaiting_payment", amount: 1250 });
  expect((await orders.create(wanted, { idempotencyKey: key })).id).toBe(order.id);
  const others = [await orders.create(wanted), await orders.create(wanted)];
  const newestFirst = [...others.map(({ id }) => id).reverse(), order.id];
  expect((await taken(orders.all({ reference: "PO-1001", limit: 1 }))).map(({ id }) => id)).toEqual(
    newestFirst,
  );
  const page = await orders.list({ reference: "PO-1001", limit: 2 });
  expect(page).toMatchObject({ object: "list", has_more: true });

  expect(await events.get(order.id, "result")).toBeNull();
  expect(await events.all(order.id)).toMatchObject({ status: "awaiting_payment", progress: 20 });
  const seen: Events[] = [];
  const watching = (async () => {
    for await (const now of events.watch(order.id)) seen.push(now);
  })();
  const waiting = events.wait(order.id, "result");
  await service.until(
    () => Promise.resolve(seen.length),
    (n) => n > 0,
  );
  await service.pay(order);
  expect(await waiting).toMatchObject({ status: "completed", amount_captured: 1250 });
  await watching;
  expect(seen.at(-1)).toMatchObject({ status: "completed", progress: 100 });
  const progress = seen.map((now) => now.progress ?? 0);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));

  const refund = await orders.refund(order.id, { amount: 250, reason: "one is missing" });
  expect(refund).toMatchObject({ object: "refund", amount: 250, order_id: order.id });
  expect((await orders.timelineLink(order.id, { expires_in: 60 })).url).toContain(order.id);
  await service.reached(order.id, "partially_refunded");
  expect(await orders.erase(order.id, { reason: "asked for by the customer" })).toMatchObject({
    status: "finished",
  });
  expect((await orders.get(order.id)).customer).toEqual({ email: null, name: null });

  const [second, third] = others as [(typeof others)[0], (typeof others)[0]];
  expect((await orders.cancel(second.id)).status).toBe("cancelled");
  await orders.send(third.id, "note", "to be delivered on Monday");
  const large = await orders.create({ ...wanted, amount: 125_000, items: [] });
  await orders.amend(large.id, { description: "a hundred cables" });
  await service.until(
    () => orders.get(large.id),
    ({ description }) => description === "a hundred cables",
  );
});

test("what the service refuses is an error with its code, the fields and the request", async () => {
  const call = countersign.orders.create({ reference: "", amount: 0, currency: "usd", metadata: {} });
  const error = await call.then(() => null).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CountersignError);
  expect(error).toMatchObject({
    code: "invalid_request",
    status: 400,
    requestId: expect.stringMatching(/^req_/) as string,
  });
  expect((error as CountersignError).errors.map(({ path }) => path)).toEqual(["reference", "amount"]);
  expect(() => countersign.orders.get("../metrics")).toThrow(/is not an id/);
  expect(() => countersign.orders.get("")).toThrow(/is not an id/);
});

test("people are asked, reminded, exchanged and heard", async () => {
  const { approvals, delegations } = countersign;
  const approval = await approvals.create({
    title: "New supplier: Example Ltd",
    gates: [
      { approvers: ["finance@example.com", "controller@example.com", "sam@example.com"], need: 1 },
      { approvers: ["cfo@example.com"] },
    ],
  });
  expect((await approvals.list({ waiting_for: "Sam@example.com" })).data.map(({ id }) => id)).toEqual([
    approval.id,
  ]);
  await service.mail("finance@example.com");
  for (const sent of [
    approvals.remind(approval.id),
    approvals.resend(approval.id, { approver: "finance@example.com" }),
    approvals.reassign(approval.id, { from: "sam@example.com", to: "buyer@example.com" }),
    approvals.revoke(approval.id, { approver: "controller@example.com" }),
  ])
    expect(await sent).toMatchObject({ object: "command", accepted: true });
  await service.until(
    () => approvals.get(approval.id),
    ({ waiting_for }) => waiting_for.join() === "finance@example.com,buyer@example.com",
  );
  const deciding = approvals.wait(approval.id);
  await approvals.decide(approval.id, { decision: "approve", comment: "known for years" });
  await approvals.decide(approval.id, { decision: "approve" });
  expect(await deciding).toMatchObject({ status: "approved" });
  expect((await taken(approvals.all({ status: "approved", limit: 1 }))).map(({ id }) => id)).toEqual([
    approval.id,
  ]);

  const away = await delegations.create({
    from: "cfo@example.com",
    to: "controller@example.com",
    starts_at: "2090-08-01T00:00:00Z",
    ends_at: "2090-08-15T00:00:00Z",
  });
  expect(await delegations.get(away.id)).toMatchObject({ id: away.id, status: "scheduled" });
  expect((await taken(delegations.all({ ended: true }))).map(({ id }) => id)).toEqual([away.id]);
  expect(await delegations.delete(away.id)).toBeUndefined();
  expect((await delegations.list()).data).toEqual([]);
});

test("a trail is paged, followed, exported, verified and proven", async () => {
  const { audit } = countersign;
  const order = await service.create({ reference: "PO-TRAIL" });
  await service.pay(order);
  const followed = await taken(audit.follow(order.id));
  expect(followed.map(({ seq }) => seq)).toEqual(followed.map((_, n) => n));
  expect(followed.at(-1)?.type).toBe("order.completed");
  expect(await taken(audit.all(order.id, { limit: 2 }))).toEqual(followed);
  expect(await taken(audit.all(order.id, { limit: 2, after_seq: 0 }))).toEqual(followed.slice(1));
  expect((await audit.list(order.id, { type: "order.created", view: "readable" })).data).toHaveLength(1);
  expect(await taken(audit.searchAll({ reference: "PO-TRAIL", limit: 3 }))).toEqual(followed.toReversed());
  expect((await audit.search({ order_id: order.id, limit: 1 })).has_more).toBe(true);
  const text = await new Response(await audit.export({ order_id: order.id })).text();
  expect(
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(followed);
  expect(await new Response(await audit.export({ format: "csv" })).text()).toContain("PO-TRAIL");
  const head_hash = followed.at(-1)?.hash;
  expect(await audit.verify(order.id)).toMatchObject({ valid: true, entries: followed.length, head_hash });
  const made = await audit.makeCheckpoint();
  expect(await audit.checkpoint(made.number)).toEqual(made);
  expect((await audit.checkpoints()).data).toContainEqual(made);
  expect((await audit.proof(order.id)).leaf).toMatchObject({ order_id: order.id, head_hash });
  expect((await audit.keys()).keys.map(({ key }) => key)).toEqual([made.key]);
  expect((await audit.entryTypes()).data.map(({ type }) => type)).toContain("order.created");
});

test("a webhook that the service posts is verified, typed, and known when it comes again", async () => {
  const { endpoints } = countersign;
  const endpoint = await endpoints.create({ url: `${receiver.url}/shop`, event_types: ["order.completed"] });
  const order = await service.create({ reference: "PO-HOOK" });
  await service.pay(order);
  await receiver.until((received) => received.length === 1);
  const [first] = receiver.received;
  const event = await verifyWebhook(first!, endpoint.secret);
  if (event.type !== "order.completed") throw new Error(`it is ${event.type}`);
  expect(event.data).toMatchObject({ id: order.id, reference: "PO-HOOK", amount: 1250 });
  const [delivery] = (await endpoints.deliveries(endpoint.id)).data;
  await service.until(
    () => endpoints.delivery(endpoint.id, delivery!.id),
    ({ state }) => state === "delivered",
  );
  const { secret } = await endpoints.rotateSecret(endpoint.id);
  await endpoints.retry(endpoint.id, delivery!.id);
  await receiver.until((received) => received.length === 2);
  const [, again] = receiver.received;
  expect(await verifyWebhook(again!, ["whsec_" + btoa("x".repeat(32)), secret])).toEqual(event);
  expect(webhookId(again!)).toBe(webhookId(first!));
  const pinged = await endpoints.ping(endpoint.id);
  expect(pinged.event_type).toBe("endpoint.ping");
  await receiver.until((received) => received.length === 3);
  expect(await verifyWebhook(receiver.received[2]!, secret)).toMatchObject({ type: "endpoint.ping" });

  expect(await endpoints.update(endpoint.id, { enabled: false })).toMatchObject({
    disabled_reason: "manual",
  });
  expect((await taken(endpoints.all())).map(({ id }) => id)).toEqual([endpoint.id]);
  expect((await endpoints.list()).data).toEqual([await endpoints.get(endpoint.id)]);
  expect((await endpoints.eventTypes()).data.map(({ type }) => type)).toContain("order.completed");
  await endpoints.delete(endpoint.id);
  expect((await endpoints.list()).data).toEqual([]);
});

test("what the provider sent is found and replayed, and compared with what it says now", async () => {
  const { inbox, reconciliations } = countersign;
  const order = await service.create();
  await service.pay(order);
  await service.reached(order.id, "completed");
  const received = await taken(inbox.all({ order_id: order.id, limit: 1 }));
  expect(received.length).toBeGreaterThan(0);
  const ids = (await inbox.list({ order_id: order.id })).data.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(received.map(({ id }) => id)));
  const { id } = received[0]!;
  expect(await inbox.get(id, { raw: true })).toMatchObject({ id, body_base64: expect.any(String) as string });
  expect(await inbox.replay(id)).toMatchObject({ id, state: "routed" });
  const counted = await inbox.replayAll({ filter: { order_id: order.id }, dry_run: true });
  expect(counted).toMatchObject({ dry_run: true, replayed: 0 });
  expect(counted.matched).toBeGreaterThanOrEqual(received.length);
  const { id: report } = await reconciliations.start();
  expect(await reconciliations.wait(report)).toMatchObject({ status: "finished", differences: [] });
  expect((await taken(reconciliations.all())).map((one) => one.id)).toEqual([report]);
  expect((await reconciliations.list()).data).toHaveLength(1);
});

test("keys are made, rotated and revoked, and what is open is counted", async () => {
  const { apiKeys } = countersign;
  const made = await apiKeys.create({ role: "viewer", description: "for a dashboard" });
  const viewer = new Countersign({ baseUrl: service.url, apiKey: made.key, retries: 0 });
  expect((await viewer.overview()).object).toBe("overview");
  const rotated = await apiKeys.rotate(made.id, { grace_s: 0 });
  expect(rotated).toMatchObject({ id: made.id, role: "viewer" });
  expect(rotated.key).not.toBe(made.key);
  await apiKeys.revoke(made.id);
  expect((await taken(apiKeys.all({ limit: 1 }))).map(({ id }) => id)).toContain(made.id);
  expect((await apiKeys.list()).data[0]?.revoked_at).not.toBeNull();
  expect((await countersign.overview()).processes).toHaveLength(1);
  expect(await countersign.series({ window: "hour" })).toMatchObject({ object: "series", window: "hour" });
});

/** What a program has no use for. */
const LEFT_OUT: Record<string, string> = {
  "POST /webhooks/{provider}": "payment providers call it, by signature",
  "GET /v1/changes": "tells the console's pages what to read anew; programs follow a trail, or take webhooks",
  "GET /console/session": "sessions are for people in a browser, by cookie",
  "POST /console/session": "sessions are for people in a browser, by cookie",
  "DELETE /console/session": "sessions are for people in a browser, by cookie",
  "POST /console/session/tenant": "sessions are for people in a browser, by cookie",
  "POST /console/sign-in": "sessions are for people in a browser, by cookie",
  "GET /metrics": "Prometheus reads it, as text",
};

test("every operation of the document can be reached by the client, or is left out for a reason", async () => {
  expect(await countersign.health()).toEqual({ status: "ok" });
  expect(await countersign.ready()).toMatchObject({ status: "ready" });
  const unreached = OPERATIONS.filter(({ method, path }) => {
    const pattern = new RegExp(`^${method.toUpperCase()} ${path.replace(/\{\w+\}/g, "[^/]+")}$`);
    return ![...used].some((call) => pattern.test(call));
  }).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(unreached.sort()).toEqual(Object.keys(LEFT_OUT).sort());
});
