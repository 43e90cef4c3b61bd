import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { startCollector, type Exported } from "./collector.ts";
import { keptLog, type Line } from "./lines.ts";

/** One approved order, driven to its end with traces on; then everything is stopped, which sends the last spans. */
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT = `00-${TRACE}-00f067aa0ba902b7-01`;

let order: OrderView;
let approval = "";
let spans: Exported[] = [];
let lines: Line[] = [];
let collector: Awaited<ReturnType<typeof startCollector>>;

async function drive(service: TestService): Promise<void> {
  const created = await service.call<OrderView>(
    "POST",
    "/v1/orders",
    { reference: "PO-7", amount: 200_000, currency: "usd" },
    { traceparent: CLIENT },
  );
  order = created.body;
  await service.pay(order);
  await service.reached(order.id, "awaiting_approval");
  const mail = await service.mail("finance@example.com");
  await service.decide(mail.links[0]!, "approve");
  approval = (await service.reached(order.id, "completed")).approval?.id ?? "";
}

beforeAll(async () => {
  collector = await startCollector();
  const kept = keptLog("debug");
  const service = await startTestService(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: "x-receiver-key=abc%20123",
      OTEL_SERVICE_NAME: "countersign-under-test",
    },
    kept.log,
  );
  await drive(service).finally(() => service.end());
  spans = collector.spans;
  lines = kept.lines();
});
afterAll(() => collector?.stop());

const named = (name: string): Exported[] => spans.filter((span) => span.name === name);
const only = (name: string): Exported => {
  const [span, ...others] = named(name);
  expect([name, others.length], spans.map((s) => s.name).join(", ")).toEqual([name, 0]);
  return span!;
};
/** From a span upwards to where its trace begins. */
function above(span: Exported): string[] {
  const parent = spans.find(
    ({ spanId, traceId }) => spanId === span.parentSpanId && traceId === span.traceId,
  );
  return parent ? [parent.name, ...above(parent)] : [];
}
const textOf = (span: Exported, key: string) => span.attributes.find((a) => a.key === key)?.value.stringValue;

test("the receiver is told who speaks, with the header that it wants", () => {
  expect([...collector.services]).toEqual(["countersign-under-test"]);
  expect(collector.requests[0]?.headers["x-receiver-key"]).toBe("abc 123");
});

test("the client's trace goes on through the request, the decision and the provider's call", () => {
  const request = only("POST /v1/orders");
  expect(request).toMatchObject({ traceId: TRACE, parentSpanId: "00f067aa0ba902b7", kind: 2 });
  const open = only("stripe open");
  expect(open.traceId).toBe(TRACE);
  expect(above(open)).toEqual(["effect open_payment", "order decide", "POST /v1/orders"]);
});

test("a webhook is a trace of its own, which names the one that began the order", () => {
  const began = only("POST /v1/orders");
  const webhooks = named("POST /webhooks/:provider");
  expect(webhooks.length).toBeGreaterThan(0);
  const decisions = spans.filter(
    (span) => span.name === "order decide" && above(span).includes("POST /webhooks/:provider"),
  );
  expect(decisions.length).toBeGreaterThan(0);
  for (const decision of decisions) {
    expect(decision.traceId).not.toBe(TRACE);
    expect(decision.links).toContainEqual(expect.objectContaining({ traceId: TRACE, spanId: began.spanId }));
    expect(textOf(decision, "countersign.order_id")).toBe(order.id);
  }
});

test("the mail to an approver is found below the webhook that made it necessary", () => {
  const mails = named("mail send").map(above);
  expect(mails).toContainEqual([
    "effect mail",
    "approval decide",
    "effect open_approval",
    "order decide",
    "POST /webhooks/:provider",
  ]);
});

test("the capture is found below the click that allowed it", () => {
  const capture = only("stripe capture");
  const way = above(capture);
  expect(way[0]).toBe("effect capture");
  expect(way.at(-1)).toBe("POST /a/:token");
  expect(way).toContain("effect report");
  expect(way).toContain("approval decide");
});

test("no span holds a token, an address or a name", () => {
  const text = collector.requests.map((request) => request.text).join("\n");
  expect(text).not.toMatch(/@example\.com|ck_dev|whsec_|sk_test|\/a\/v/);
});

test("every line about the order says so, and every line of a request has its id", () => {
  const moves = lines.filter(({ msg }) => msg === "order moved");
  expect(moves.map(({ status }) => status)).toEqual(
    expect.arrayContaining(["awaiting_payment", "awaiting_approval", "completed"]),
  );
  for (const line of moves) expect(line["order_id"]).toBe(order.id);

  const requests = lines.filter(({ msg }) => msg === "request");
  expect(requests.length).toBeGreaterThan(5);
  for (const line of requests) expect(line["request_id"]).toMatch(/^req_/);
  const routes = (name: string) => requests.filter(({ route }) => route === name);
  for (const line of [...routes("/v1/orders"), ...routes("/v1/orders/:id")])
    expect(line["order_id"]).toBe(order.id);
  expect(routes("/v1/orders")[0]?.["trace_id"]).toBe(TRACE);
  for (const line of routes("/a/:token"))
    expect(line).toMatchObject({ approval_id: approval, order_id: order.id });

  const webhooks = lines.filter(({ msg }) => msg === "webhook taken in");
  expect(webhooks.length).toBeGreaterThan(0);
  for (const line of webhooks) {
    expect(line["event_id"]).toMatch(/^evt_/);
    expect(line["request_id"]).toMatch(/^req_/);
  }
  expect(webhooks.some((line) => line["order_id"] === order.id)).toBe(true);

  const mails = lines.filter(({ msg }) => msg.startsWith("mail "));
  expect(mails.length).toBeGreaterThan(0);
  for (const line of mails) expect(line["approval_id"]).toBe(approval);
});
