import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startReceiver, verified, type Received, type Receiver } from "../outbound/receiver.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let receiver: Receiver;
let sql: pg.Client;
beforeAll(async () => {
  receiver = await startReceiver();
  service = await startTestService({
    API_KEYS: "dev:admin:ck_dev,dev:finance:ck_finance:finance@example.com,elsewhere:admin:ck_stranger",
  });
  sql = new pg.Client({ connectionString: service.databaseUrl });
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await service?.end();
  await receiver?.close();
});
afterEach(() => {
  receiver.answer = (_, response) => void response.writeHead(204).end();
});

interface Endpoint {
  id: string;
  url: string;
  secret: string;
  path: string;
}

let endpoints = 0;

/** An endpoint of its own path at the receiver. */
async function endpoint(fields: Record<string, unknown> = {}, key = "ck_dev"): Promise<Endpoint> {
  const path = `/hooks/${++endpoints}`;
  const { status, body } = await service.call<{ id: string; url: string; secret: string }>(
    "POST",
    "/v1/webhook-endpoints",
    { url: receiver.url + path, ...fields },
    { authorization: `Bearer ${key}` },
  );
  expect(status, JSON.stringify(body)).toBe(201);
  return { ...body, path };
}

interface Delivery {
  id: string;
  event_id: string;
  event_type: string;
  state: string;
  attempts: number;
  next_try_at: string | null;
  last_try: {
    status: number | null;
    error: string | null;
    response: string | null;
    duration_ms: number;
  } | null;
  tries: { status: number | null }[];
  payload: { type: string };
}

const deliveries = async ({ id }: Endpoint, query = ""): Promise<Delivery[]> =>
  (
    await service.call<{ data: Delivery[] }>(
      "GET",
      `/v1/webhook-endpoints/${id}/deliveries?limit=100${query}`,
    )
  ).body.data;

const read = async ({ id }: Endpoint, delivery: string): Promise<Delivery> =>
  (await service.call<Delivery>("GET", `/v1/webhook-endpoints/${id}/deliveries/${delivery}`)).body;

/** Waits until a delivery is as `found` says. */
const settled = (hook: Endpoint, delivery: string, found: (d: Delivery) => boolean, within?: number) =>
  service.until(() => read(hook, delivery), found, within);

const ping = async ({ id }: Endpoint): Promise<Delivery> => {
  const { status, body } = await service.call<Delivery>("POST", `/v1/webhook-endpoints/${id}/ping`);
  expect(status).toBe(202);
  return body;
};

const at = ({ path }: Endpoint): Received[] => receiver.received.filter((one) => one.path === path);

/** The payment is confirmed at once: an order without a customer or people. */
const paid = () => service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });

const remove = ({ id }: Endpoint) => service.call("DELETE", `/v1/webhook-endpoints/${id}`);

/** The types that arrived about one object, in the order of `seq`. */
const typesOf = ({ path, secret }: Endpoint, about: string) =>
  receiver
    .events(path, secret)
    .filter(({ data }) => data.id === about || data.order_id === about)
    .sort((a, b) => a.data.seq - b.data.seq)
    .map(({ type }) => type);

const arrived = (about: string, type: string) =>
  receiver.until((all) => all.some(({ body }) => body.includes(`"${type}"`) && body.includes(about)));

describe("what happens to an order arrives in full", () => {
  test("one that is paid, approved, refunded with approval", async () => {
    const hook = await endpoint();
    const order = await service.create({ amount: 125_000 });
    await service.pay(order);
    const mail = await service.mail("finance@example.com", ({ text }) => text.includes("/a/"));
    await service.decide(mail.links[0] ?? "", "approve");
    await service.reached(order.id, "completed");
    await service.call("POST", `/v1/orders/${order.id}/refunds`, { amount: 20_000, reason: "one broke" });
    await service.reached(order.id, "partially_refunded");
    await arrived(order.id, "order.partially_refunded");
    await arrived(order.id, "refund.succeeded");
    expect(typesOf(hook, order.id)).toEqual([
      "order.created",
      "order.awaiting_payment",
      "order.awaiting_approval",
      "approval.requested",
      "approval.voted",
      "approval.approved",
      "order.capturing",
      "order.completed",
      "refund.created",
      "refund.succeeded",
      "order.partially_refunded",
    ]);
    await remove(hook);
  });

  test("one that is rejected, and one that is cancelled", async () => {
    const hook = await endpoint();
    const rejected = await service.create({ amount: 130_000 });
    const cancelled = await service.create();
    await service.pay(rejected);
    const mail = await service.mail("finance@example.com", ({ text }) => text.includes("1,300.00"));
    await service.decide(mail.links[0] ?? "", "reject", "too dear");
    await service.call("POST", `/v1/orders/${cancelled.id}/cancel`, { reason: "changed my mind" });
    await arrived(rejected.id, "order.rejected");
    await arrived(cancelled.id, "order.cancelled");
    expect(typesOf(hook, rejected.id).slice(-4)).toEqual([
      "approval.requested",
      "approval.voted",
      "approval.rejected",
      "order.rejected",
    ]);
    expect(typesOf(hook, cancelled.id)).toEqual([
      "order.created",
      "order.awaiting_payment",
      "order.cancelled",
    ]);
    // What people wrote, and who they are, is for those who may read the object.
    expect(
      at(hook)
        .map(({ body }) => body)
        .join(),
    ).not.toMatch(/too dear|changed my mind|@example.com/);
    await remove(hook);
  });

  test("an approval without an order has events of its own", async () => {
    const hook = await endpoint({ event_types: ["approval.*"] });
    const { body } = await service.call<{ id: string }>(
      "POST",
      "/v1/approvals",
      { title: "A new coffee machine", gates: [{ approvers: ["finance@example.com"] }] },
      { authorization: "Bearer ck_finance" },
    );
    await service.call(
      "POST",
      `/v1/approvals/${body.id}/decisions`,
      { decision: "approve" },
      { authorization: "Bearer ck_finance" },
    );
    await arrived(body.id, "approval.approved");
    expect(typesOf(hook, body.id)).toEqual(["approval.requested", "approval.voted", "approval.approved"]);
    await remove(hook);
  });

  test("every endpoint that takes an event gets it, with the same id and bytes; others get nothing", async () => {
    const [all, ends, refunds, stranger] = await Promise.all([
      endpoint(),
      endpoint({ event_types: ["order.completed", "refund.*"] }),
      endpoint({ event_types: ["refund.*"] }),
      endpoint({}, "ck_stranger"),
    ]);
    const order = await paid();
    await service.reached(order.id, "completed");
    await receiver.until(
      () => at(ends).length > 0 && at(all).some(({ body }) => body.includes("order.completed")),
    );
    expect(typesOf(ends, order.id)).toEqual(["order.completed"]);
    const [end] = at(ends);
    expect(at(all).find(({ id }) => id === end?.id)?.body).toBe(end?.body);
    expect(new Set(at(all).map(({ id }) => id)).size).toBe(at(all).length);
    expect([at(refunds), at(stranger)]).toEqual([[], []]);
    await Promise.all([all, ends, refunds].map(remove));
    for (const [method, path] of [
      ["GET", ""],
      ["PATCH", ""],
      ["DELETE", ""],
      ["POST", "/rotate-secret"],
      ["POST", "/ping"],
      ["GET", "/deliveries"],
    ] as const) {
      const change = method === "PATCH" ? { enabled: true } : undefined;
      const answer = await service.call(method, `/v1/webhook-endpoints/${stranger.id}${path}`, change);
      expect(answer, `${method} ${path}`).toMatchObject({ status: 404, body: { code: "not_found" } });
    }
    const own = await service.call<{ data: { id: string }[] }>("GET", "/v1/webhook-endpoints?limit=100");
    expect(own.body.data.map(({ id }) => id)).not.toContain(stranger.id);
  });
});

describe("a receiver that fails", () => {
  test("gets the same webhook again, and what it answered is kept", { timeout: 20_000 }, async () => {
    const hook = await endpoint({ event_types: ["order.completed"] });
    receiver.answer = ({ path }, response) => {
      const isFirst = receiver.received.filter((one) => one.path === path).length === 1;
      if (isFirst) response.writeHead(500, { "content-type": "text/plain" }).end(`down ${"x".repeat(5000)}`);
      else response.writeHead(200).end("thanks");
    };
    const order = await paid();
    const [delivery] = await service.until(
      () => deliveries(hook),
      ([first]) => (first?.last_try ?? null) !== null,
    );
    expect(delivery).toMatchObject({ state: "pending", attempts: 1, last_try: { status: 500 } });
    expect(delivery?.last_try?.response).toMatch(/^down x+$/);
    expect(delivery?.last_try?.response).toHaveLength(1024);
    const after = await settled(hook, delivery?.id ?? "", ({ state }) => state === "delivered", 15_000);
    expect(after).toMatchObject({
      attempts: 2,
      next_try_at: null,
      tries: [{ status: 500 }, { status: 200 }],
    });
    const [first, second] = at(hook);
    expect(second?.id).toBe(first?.id);
    expect(second?.body).toBe(first?.body);
    expect(Number(second?.headers["webhook-timestamp"])).toBeGreaterThan(
      Number(first?.headers["webhook-timestamp"]),
    );
    expect(verified(second ?? ({} as Received), hook.secret).data.id).toBe(order.id);
    await remove(hook);
  });

  test("with 410 is disabled at once; the operator is told, and what waits goes out when it is enabled", async () => {
    const hook = await endpoint({ event_types: ["order.*"], description: "the shop" });
    receiver.answer = (_, response) => void response.writeHead(410).end();
    const order = await paid();
    const path = `/v1/webhook-endpoints/${hook.id}`;
    const { body } = await service.until(
      () => service.call("GET", path),
      (answer) => answer.body["enabled"] === false,
    );
    expect(body).toMatchObject({ disabled_reason: "gone", disabled_at: expect.any(String) as string });
    const mail = await service.mail("operator@example.com", ({ text }) => text.includes(hook.id));
    expect(mail.text).toMatch(/410 Gone/);
    expect(mail.text).not.toContain(hook.path);
    await service.reached(order.id, "completed");
    expect(await service.call("POST", `${path}/ping`)).toMatchObject({
      status: 409,
      body: { code: "conflict" },
    });

    receiver.answer = (_, response) => void response.writeHead(204).end();
    const on = await service.call("PATCH", path, { enabled: true });
    expect(on.body).toMatchObject({ enabled: true, disabled_reason: null, failing_since: null });
    const all = await service.until(
      () => deliveries(hook),
      (some) => some.every(({ state }) => state !== "pending"),
    );
    // Those that were told "gone" have ended; by hand they go out all the same.
    const failed = all.filter(({ state }) => state === "failed");
    expect(failed.length).toBeGreaterThan(0);
    for (const { id } of failed)
      expect((await service.call("POST", `${path}/deliveries/${id}/retry`)).status).toBe(202);
    await service.until(
      () => deliveries(hook, "&state=delivered"),
      (some) => some.length === all.length,
    );
    await remove(hook);
  });

  test("for five days is disabled, and the mail says since when", async () => {
    const hook = await endpoint();
    await sql.query(
      "update countersign.webhook_endpoints set failing_since = now() - interval '121 hours' where id = $1",
      [hook.id],
    );
    receiver.answer = (_, response) => void response.writeHead(503).end();
    await ping(hook);
    const { body } = await service.until(
      () => service.call("GET", `/v1/webhook-endpoints/${hook.id}`),
      (answer) => answer.body["enabled"] === false,
    );
    expect(body["disabled_reason"]).toBe("failing");
    const mail = await service.mail("operator@example.com", ({ text }) => text.includes(hook.id));
    expect(mail.text).toMatch(/No webhook has been taken since/);
    await remove(hook);
  });

  test("for less than that is not, and one success forgets it", async () => {
    const hook = await endpoint();
    const since = async () =>
      (await service.call("GET", `/v1/webhook-endpoints/${hook.id}`)).body["failing_since"] as string | null;
    receiver.answer = (_, response) => void response.writeHead(500).end();
    await settled(hook, (await ping(hook)).id, ({ state }) => state === "failed");
    expect(await since()).not.toBeNull();
    receiver.answer = (_, response) => void response.writeHead(204).end();
    await settled(hook, (await ping(hook)).id, ({ state }) => state === "delivered");
    expect(await since()).toBeNull();
    await remove(hook);
  });

  test("and redirects is not followed", async () => {
    const hook = await endpoint();
    receiver.answer = (_, response) => void response.writeHead(307, { location: "/elsewhere" }).end();
    const { last_try } = await settled(hook, (await ping(hook)).id, ({ state }) => state === "failed");
    expect(last_try).toMatchObject({ status: 307, error: "the answer was 307" });
    expect(receiver.received.some(({ path }) => path === "/elsewhere")).toBe(false);
    await remove(hook);
  });
});

describe("secrets", () => {
  test("after a rotation both sign, until the old one's time is up", async () => {
    const hook = await endpoint();
    const rotated = await service.call<{ secret: string; previous_secret_until: string }>(
      "POST",
      `/v1/webhook-endpoints/${hook.id}/rotate-secret`,
    );
    expect(rotated.body.secret).toMatch(/^whsec_/);
    expect(Date.parse(rotated.body.previous_secret_until) - Date.now()).toBeGreaterThan(86_000_000);
    await settled(hook, (await ping(hook)).id, ({ state }) => state === "delivered");
    const both = at(hook).at(-1) ?? ({} as Received);
    expect(String(both.headers["webhook-signature"]).split(" ")).toHaveLength(2);
    verified(both, hook.secret);
    verified(both, rotated.body.secret);

    const last = await service.call<{ secret: string }>(
      "POST",
      `/v1/webhook-endpoints/${hook.id}/rotate-secret`,
      { expires_in: 0 },
    );
    await settled(hook, (await ping(hook)).id, ({ state }) => state === "delivered");
    const one = at(hook).at(-1) ?? ({} as Received);
    verified(one, last.body.secret);
    for (const old of [hook.secret, rotated.body.secret])
      expect(() => verified(one, old)).toThrow("No matching");
    await remove(hook);
  });

  test("are shown once, and stand nowhere as they are", async () => {
    const hook = await endpoint();
    await settled(hook, (await ping(hook)).id, ({ state }) => state === "delivered");
    const path = `/v1/webhook-endpoints/${hook.id}`;
    for (const shown of [path, "/v1/webhook-endpoints", `${path}/deliveries`])
      expect(JSON.stringify((await service.call("GET", shown)).body)).not.toMatch(/whsec_|secret":/);
    const { rows } = await sql.query<{ row: string }>(
      `select e::text as row from countersign.webhook_endpoints e
       union all select d::text from countersign.webhook_deliveries d`,
    );
    const text = rows.map(({ row }) => row).join();
    expect(text).toContain(hook.id);
    expect(text).not.toContain(hook.secret.slice("whsec_".length));
    expect(text).not.toContain("whsec_");
    await remove(hook);
    expect(at(hook)).toHaveLength(1);
  });
});

test("a ping arrives whatever the filter says, is tried once, and can be sent again by hand", async () => {
  const hook = await endpoint({ event_types: ["refund.failed"] });
  const { id, event_type } = await ping(hook);
  expect(event_type).toBe("endpoint.ping");
  const delivered = await settled(hook, id, ({ state }) => state === "delivered");
  expect(delivered).toMatchObject({ attempts: 1, payload: { type: "endpoint.ping" } });
  const again = await service.call("POST", `/v1/webhook-endpoints/${hook.id}/deliveries/${id}/retry`);
  expect(again.status).toBe(202);
  await receiver.until(() => at(hook).length === 2);
  expect(new Set(at(hook).map((one) => one.id)).size).toBe(1);
  await settled(hook, id, ({ tries }) => tries.length === 2);
  expect(await deliveries(hook, "&event_type=endpoint.ping&state=delivered")).toHaveLength(1);
  expect(await deliveries(hook, "&event_type=order.created")).toEqual([]);
  await remove(hook);
});

test("deliveries are listed by pages, newest first", async () => {
  const hook = await endpoint();
  for (let i = 0; i < 5; i++) await ping(hook);
  const path = `/v1/webhook-endpoints/${hook.id}/deliveries?limit=2`;
  const seen: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const { body }: { body: { data: Delivery[]; next_cursor: string | null } } = await service.call(
      "GET",
      path + (cursor ? `&cursor=${cursor}` : ""),
    );
    seen.push(...body.data.map(({ id }) => id));
    cursor = body.next_cursor;
  }
  expect(seen).toHaveLength(5);
  expect(seen).toEqual([...seen].sort().reverse());
  await remove(hook);
});
