import type { TestService } from "../helpers/service.ts";

/** One request that is right. `path` is the operation's, with ids in their places. */
export interface Right {
  path: string;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
}

const SMALL = { reference: "PO-CONTRACT", amount: 1250, currency: "usd" };
const URL_OF_A_SHOP = "https://shop.example.com/hook";

/** A right request for each operation, on a service in which something has happened. The last ones take away what others need. */
export async function rightRequests(service: TestService): Promise<Record<string, Right>> {
  const { call } = service;
  const post = async (path: string, body?: unknown): Promise<{ id: string }> => {
    const answer = await call<{ id: string }>("POST", path, body ?? {});
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const gates = [{ approvers: ["finance@example.com", "controller@example.com", "sam@example.com"] }];
  const asked = () => post("/v1/approvals", { title: "New supplier: Example Ltd", gates });
  const away = (from: string) => ({
    ...{ from, to: "controller@example.com", reason: "away" },
    ...{ starts_at: "2090-08-01T00:00:00Z", ends_at: "2090-08-15T00:00:00Z" },
  });
  const [paid, refunded, erased, open, large] = await Promise.all(
    [1250, 1250, 1250, 1250, 125_000].map((amount) =>
      service.create({ ...SMALL, amount, customer: { email: "buyer@example.com", name: "Ada" } }),
    ),
  );
  if (!paid || !refunded || !erased || !open || !large) throw new Error("five orders were created");
  for (const order of [paid, refunded, erased, large]) await service.pay(order);
  for (const { id } of [paid, refunded, erased]) await service.reached(id, "completed");
  await service.reached(large.id, "awaiting_approval");
  await post("/v1/audit/checkpoints");
  const [one, two, three, four, five] = await Promise.all([asked(), asked(), asked(), asked(), asked()]);
  const endpoint = await post("/v1/webhook-endpoints", { url: URL_OF_A_SHOP });
  const gone = await post("/v1/webhook-endpoints", { url: URL_OF_A_SHOP });
  const delivery = await post(`/v1/webhook-endpoints/${endpoint.id}/ping`);
  const [kept, ended] = [
    await post("/v1/delegations", away("cfo@example.com")),
    await post("/v1/delegations", away("finance@example.com")),
  ];
  const report = await post("/v1/reconciliations");
  const inbox = await call<{ data: { id: string }[] }>("GET", `/v1/webhooks/inbox?order_id=${paid.id}`);
  const webhook = inbox.body.data[0] ?? { id: "" };
  const [o, e, d] = [`/v1/orders/${paid.id}`, `/v1/webhook-endpoints/${endpoint.id}`, delivery.id];
  const [key, old] = [
    await post("/v1/api-keys", { role: "viewer" }),
    await post("/v1/api-keys", { role: "viewer" }),
  ];
  const approvalOf = (approval: { id: string }) => `/v1/approvals/${approval.id}`;
  return {
    "POST /v1/orders": {
      path: "/v1/orders",
      body: { ...SMALL, items: [{ sku: "a", quantity: 1, unit_amount: 1250 }] },
    },
    "GET /v1/orders": { path: "/v1/orders", query: { limit: "2", status: "completed" } },
    "GET /v1/orders/{id}": { path: `/v1/orders/${large.id}` },
    "GET /v1/orders/{id}/events": { path: `${o}/events` },
    "GET /v1/orders/{id}/events/{key}": { path: `${o}/events/result`, query: { timeout: "1" } },
    "POST /v1/orders/{id}/messages": { path: `${o}/messages`, body: { topic: "note", message: "seen" } },
    "GET /v1/orders/{id}/audit": { path: `${o}/audit`, query: { limit: "3", after_seq: "0" } },
    "GET /v1/orders/{id}/audit/stream": { path: `${o}/audit/stream` },
    "GET /v1/orders/{id}/audit/verify": { path: `${o}/audit/verify` },
    "GET /v1/audit": { path: "/v1/audit", query: { limit: "3", order_id: paid.id } },
    "GET /v1/audit/entry-types": { path: "/v1/audit/entry-types" },
    "GET /v1/orders/{id}/audit/proof": { path: `${o}/audit/proof` },
    "POST /v1/orders/{id}/timeline-link": { path: `${o}/timeline-link`, body: { expires_in: 60 } },
    "POST /v1/audit/checkpoints": { path: "/v1/audit/checkpoints", body: { sweep: true } },
    "GET /v1/audit/checkpoints": { path: "/v1/audit/checkpoints", query: { limit: "1" } },
    "GET /v1/audit/checkpoints/{number}": { path: "/v1/audit/checkpoints/1" },
    "GET /.well-known/countersign-audit.json": { path: "/.well-known/countersign-audit.json" },
    "GET /v1/approvals": { path: "/v1/approvals", query: { limit: "2" } },
    "POST /v1/approvals": { path: "/v1/approvals", body: { title: "A purchase", gates } },
    "GET /v1/approvals/{id}": { path: approvalOf(one) },
    "POST /v1/approvals/{id}/decisions": {
      path: `${approvalOf(one)}/decisions`,
      body: { decision: "approve" },
    },
    "POST /v1/approvals/{id}/remind": { path: `${approvalOf(two)}/remind` },
    "POST /v1/approvals/{id}/resend": {
      path: `${approvalOf(three)}/resend`,
      body: { approver: "finance@example.com" },
    },
    "POST /v1/approvals/{id}/reassign": {
      path: `${approvalOf(four)}/reassign`,
      body: { from: "sam@example.com", to: "cfo@example.com" },
    },
    "POST /v1/approvals/{id}/revoke": {
      path: `${approvalOf(five)}/revoke`,
      body: { approver: "sam@example.com" },
    },
    "POST /v1/delegations": { path: "/v1/delegations", body: away("sam@example.com") },
    "GET /v1/delegations": { path: "/v1/delegations", query: { ended: "true" } },
    "GET /v1/delegations/{id}": { path: `/v1/delegations/${kept.id}` },
    "GET /v1/webhooks/inbox": { path: "/v1/webhooks/inbox", query: { limit: "2", state: "routed" } },
    "GET /v1/webhooks/inbox/{id}": { path: `/v1/webhooks/inbox/${webhook.id}`, query: { raw: "true" } },
    "POST /v1/webhooks/inbox/{id}/replay": { path: `/v1/webhooks/inbox/${webhook.id}/replay` },
    "POST /v1/webhooks/inbox/replay": {
      path: "/v1/webhooks/inbox/replay",
      body: { filter: { order_id: paid.id }, dry_run: true },
    },
    "GET /v1/event-types": { path: "/v1/event-types" },
    "POST /v1/webhook-endpoints": { path: "/v1/webhook-endpoints", body: { url: URL_OF_A_SHOP } },
    "GET /v1/webhook-endpoints": { path: "/v1/webhook-endpoints", query: { limit: "2" } },
    "GET /v1/webhook-endpoints/{id}": { path: e },
    "PATCH /v1/webhook-endpoints/{id}": { path: e, body: { description: "the shop" } },
    "POST /v1/webhook-endpoints/{id}/rotate-secret": { path: `${e}/rotate-secret`, body: { expires_in: 60 } },
    "POST /v1/webhook-endpoints/{id}/ping": { path: `${e}/ping` },
    "GET /v1/webhook-endpoints/{id}/deliveries": { path: `${e}/deliveries`, query: { limit: "2" } },
    "GET /v1/webhook-endpoints/{id}/deliveries/{delivery}": { path: `${e}/deliveries/${d}` },
    "POST /v1/webhook-endpoints/{id}/deliveries/{delivery}/retry": { path: `${e}/deliveries/${d}/retry` },
    "POST /v1/reconciliations": { path: "/v1/reconciliations", body: { since: new Date().toISOString() } },
    "GET /v1/reconciliations": { path: "/v1/reconciliations" },
    "GET /v1/reconciliations/{id}": { path: `/v1/reconciliations/${report.id}` },
    "POST /v1/api-keys": { path: "/v1/api-keys", body: { role: "support", expires_in: 60 } },
    "GET /v1/api-keys": { path: "/v1/api-keys", query: { limit: "2" } },
    "POST /v1/api-keys/{id}/rotate": { path: `/v1/api-keys/${key.id}/rotate`, body: { grace_s: 0 } },
    "DELETE /v1/api-keys/{id}": { path: `/v1/api-keys/${old.id}` },
    "GET /v1/overview": { path: "/v1/overview" },
    "GET /v1/overview/series": { path: "/v1/overview/series", query: { window: "day" } },
    "GET /healthz": { path: "/healthz" },
    "GET /readyz": { path: "/readyz" },
    "GET /metrics": { path: "/metrics" },
    "POST /v1/orders/{id}/cancel": { path: `/v1/orders/${open.id}/cancel`, body: { reason: "not needed" } },
    "POST /v1/orders/{id}/refunds": {
      path: `/v1/orders/${refunded.id}/refunds`,
      body: { amount: 1, reason: "damaged" },
    },
    "POST /v1/orders/{id}/erase": { path: `/v1/orders/${erased.id}/erase`, body: { reason: "asked for" } },
    "DELETE /v1/delegations/{id}": { path: `/v1/delegations/${ended.id}` },
    "DELETE /v1/webhook-endpoints/{id}": { path: `/v1/webhook-endpoints/${gone.id}` },
  };
}
