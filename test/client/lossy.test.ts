import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Countersign, CountersignError, type AuditEntry } from "../../src/client/index.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { startLossyProxy, type LossyProxy } from "./lossy-proxy.ts";

let service: TestService;
let proxy: LossyProxy;
let countersign: Countersign;

beforeAll(async () => {
  service = await startTestService();
  proxy = await startLossyProxy(service.url);
  countersign = new Countersign({ baseUrl: proxy.url, apiKey: "ck_dev" });
});
afterEach(() => {
  proxy.fate = () => "passes";
  proxy.seen = [];
});
afterAll(async () => {
  await proxy.close();
  await service.end();
});

const small = { reference: "PO-LOSSY", amount: 1250, currency: "usd" };

const failureOf = async (call: Promise<unknown>): Promise<CountersignError> => {
  const error = await call.then(() => null).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CountersignError);
  return error as CountersignError;
};

test("an order whose answers and requests are lost is created once", async () => {
  const fates = [
    "answer lost",
    "request lost",
    { status: 503, headers: { "retry-after": "0" } },
    "passes",
  ] as const;
  proxy.fate = (_, nth) => fates[nth - 1] ?? "passes";
  const order = await countersign.orders.create({ ...small, reference: "PO-ONCE" });
  expect(proxy.seen).toHaveLength(4);
  const { data } = await countersign.orders.list({ reference: "PO-ONCE" });
  expect(data.map(({ id }) => id)).toEqual([order.id]);
});

test("a message whose answer is lost is told once, and a refund whose answer is lost is paid once", async () => {
  const order = await service.create();
  await service.pay(order);
  await service.reached(order.id, "completed");
  proxy.fate = ({ method }, nth) => (method === "POST" && nth === 1 ? "answer lost" : "passes");
  await countersign.orders.send(order.id, "note", "once");
  const refund = await countersign.orders.refund(order.id, { amount: 500, reason: "one is damaged" });
  expect(refund).toMatchObject({ object: "refund", amount: 500, currency: "usd" });
  await service.reached(order.id, "partially_refunded");
  const view = await countersign.orders.get(order.id);
  expect(view.refunds.map(({ id }) => id)).toEqual([refund.id]);
  expect(await service.ledger(view.payment.id)).toMatchObject({ refunded: 500, refunds: 1 });
  const notes = (await service.trail(order.id)).filter(({ type }) => type === "note");
  expect(notes).toHaveLength(1);
});

test("what is not safe to send again is not sent again", async () => {
  const order = await service.create();
  proxy.fate = ({ method }) => (method === "POST" ? "answer lost" : "passes");
  const error = await failureOf(countersign.orders.cancel(order.id, { reason: "changed my mind" }));
  expect(error).toMatchObject({ code: "connection_failed", status: null });
  expect(proxy.seen).toEqual([`POST /v1/orders/${order.id}/cancel`]);
  await service.reached(order.id, "cancelled");
});

test("a deletion whose answer is lost is a deletion", async () => {
  const { id } = await countersign.endpoints.create({ url: "https://shop.example.com/hook" });
  proxy.fate = ({ method }, nth) => (method === "DELETE" && nth === 1 ? "answer lost" : "passes");
  await countersign.endpoints.delete(id);
  expect(await failureOf(countersign.endpoints.delete(id))).toMatchObject({ code: "not_found", status: 404 });
});

test("it waits as long as it is told, and not for what is not passing", async () => {
  proxy.fate = (_, nth) =>
    nth === 1 ? { status: 429, headers: { "retry-after": "1" } } : { status: 500, body: "<h1>broken</h1>" };
  const begun = Date.now();
  const error = await failureOf(countersign.orders.list());
  expect(Date.now() - begun).toBeGreaterThanOrEqual(1_000);
  expect(error).toMatchObject({ code: "unexpected_answer", status: 500 });
  expect(proxy.seen).toHaveLength(2);
  proxy.fate = () => ({ status: 503, headers: { "retry-after": "3600" } });
  expect(await failureOf(countersign.orders.list())).toMatchObject({ status: 503, retryAfter_ms: 3_600_000 });
  expect(proxy.seen).toHaveLength(3);
});

test("an answer that breaks off is asked for again", async () => {
  const order = await service.create();
  proxy.fate = (_, nth) => (nth === 1 ? { cut: 20 } : "passes");
  expect((await countersign.orders.get(order.id)).id).toBe(order.id);
  expect(proxy.seen).toHaveLength(2);
});

test("a call ends when its time is up or its signal is aborted, also between two tries", async () => {
  const order = await service.create();
  const slow = failureOf(countersign.events.wait(order.id, "result", { timeout_ms: 30, retries: 0 }));
  expect(await slow).toMatchObject({ code: "event_not_set", status: 404 });
  const late = new Countersign({ baseUrl: proxy.url, apiKey: "ck_dev", timeout_ms: 1, retries: 0 });
  expect(await failureOf(late.orders.create(small))).toMatchObject({ code: "timeout", status: null });
  const reason = new Error("not wanted any more");
  await expect(countersign.events.wait(order.id, "result", { signal: abortedIn(50, reason) })).rejects.toBe(
    reason,
  );
  proxy.fate = () => ({ status: 503, headers: { "retry-after": "30" } });
  await expect(countersign.orders.get(order.id, { signal: abortedIn(50, reason) })).rejects.toBe(reason);
  const gone = countersign.audit.follow(order.id, { signal: AbortSignal.abort(reason) });
  await expect(gone.next()).rejects.toBe(reason);
});

const abortedIn = (ms: number, reason: Error): AbortSignal => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), ms);
  return controller.signal;
};

test("waiting outlives polls that end without the event, and lost ones", async () => {
  const order = await service.create();
  const body = JSON.stringify({ code: "event_not_set", detail: "not set yet" });
  const fates = ["request lost", { status: 404, body }, { status: 404, body }] as const;
  proxy.fate = (_, nth) => fates[nth - 1] ?? "passes";
  const waiting = countersign.events.wait(order.id, "result");
  await service.until(
    () => Promise.resolve(proxy.seen.length),
    (polls) => polls > fates.length,
  );
  await service.pay(order);
  expect(await waiting).toMatchObject({ status: "completed", amount_captured: 1250 });
});

test("a trail that is followed over lost connections has no gap and no repeat, and ends", async () => {
  const order = await service.create();
  let connections = 0;
  const ids: (string | undefined)[] = [];
  proxy.fate = ({ headers, url }) => {
    if (!url?.includes("/stream")) return "passes";
    ids.push(headers["last-event-id"]?.toString());
    // Each connection but the last breaks off, in the middle of an entry.
    return ++connections > 3 ? "passes" : { cut: 800 };
  };
  const entries: AuditEntry[] = [];
  const following = (async () => {
    for await (const entry of countersign.audit.follow(order.id)) entries.push(entry);
  })();
  await service.until(
    () => Promise.resolve(entries.length),
    (n) => n >= 2,
  );
  await service.pay(order);
  await following;
  const stored = await countersign.audit.list(order.id, { limit: 100 });
  expect(entries).toEqual(stored.data);
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, n) => n));
  expect(connections).toBeGreaterThanOrEqual(4);
  expect(ids[0]).toBe("-1");
  expect(Number(ids.at(-1))).toBeGreaterThan(0);
  const rest: number[] = [];
  for await (const { seq } of countersign.audit.follow(order.id, { after_seq: 1 })) rest.push(seq);
  expect(rest).toEqual(entries.slice(2).map(({ seq }) => seq));
});

test("a trail of nobody, and a service that is not there, are told apart", async () => {
  const nobody = countersign.audit.follow("ord_00000000000000000000000000").next();
  expect(await failureOf(nobody)).toMatchObject({ code: "not_found", status: 404 });
  expect((await failureOf(nobody)).requestId).toMatch(/^req_/);
  const none = new Countersign({ baseUrl: "http://127.0.0.1:9", apiKey: "ck_dev", retries: 0 });
  expect(await failureOf(none.orders.list())).toMatchObject({ code: "connection_failed" });
});
