import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROLES, type Role } from "../../src/domain/role.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

/** What each endpoint needs: the least role, and a body with which it would do something. A new endpoint has to be put here. */
const ENDPOINTS: Record<string, { least: Role; body?: unknown }> = {
  "POST /v1/orders": { least: "admin", body: { reference: "PO-theirs", amount: 100, currency: "usd" } },
  "GET /v1/orders": { least: "viewer" },
  "GET /v1/orders/{id}": { least: "viewer" },
  "POST /v1/orders/{id}/cancel": { least: "finance", body: { reason: "not theirs" } },
  "POST /v1/orders/{id}/refunds": { least: "finance", body: { amount: 1, reason: "not theirs" } },
  "POST /v1/orders/{id}/erase": { least: "admin", body: { reason: "not theirs" } },
  "GET /v1/orders/{id}/events": { least: "viewer" },
  "GET /v1/orders/{id}/events/{key}": { least: "viewer" },
  "POST /v1/orders/{id}/messages": { least: "support", body: { topic: "note", message: "not theirs" } },
  "GET /v1/orders/{id}/audit": { least: "viewer" },
  "GET /v1/orders/{id}/audit/stream": { least: "viewer" },
  "GET /v1/orders/{id}/audit/verify": { least: "viewer" },
  "GET /v1/audit": { least: "viewer" },
  "GET /v1/audit/entry-types": { least: "viewer" },
  "GET /v1/orders/{id}/audit/proof": { least: "viewer" },
  "POST /v1/orders/{id}/timeline-link": { least: "viewer", body: {} },
  "POST /v1/audit/checkpoints": { least: "admin", body: {} },
  "GET /v1/audit/checkpoints": { least: "viewer" },
  "GET /v1/audit/checkpoints/{number}": { least: "viewer" },
  "GET /v1/approvals": { least: "viewer" },
  "POST /v1/approvals": {
    least: "finance",
    body: { title: "Theirs", gates: [{ approvers: ["cfo@example.com"] }] },
  },
  "GET /v1/approvals/{id}": { least: "viewer" },
  "POST /v1/approvals/{id}/decisions": { least: "finance", body: { decision: "reject" } },
  "POST /v1/approvals/{id}/remind": { least: "support", body: {} },
  "POST /v1/approvals/{id}/resend": { least: "support", body: { approver: "finance@example.com" } },
  "POST /v1/approvals/{id}/reassign": {
    least: "admin",
    body: { from: "finance@example.com", to: "sam@example.com" },
  },
  "POST /v1/approvals/{id}/revoke": { least: "admin", body: { approver: "finance@example.com" } },
  "POST /v1/delegations": {
    least: "finance",
    body: {
      from: "finance@elsewhere",
      to: "sam@example.com",
      starts_at: "2100-01-01T00:00:00Z",
      ends_at: "2100-02-01T00:00:00Z",
    },
  },
  "GET /v1/delegations": { least: "viewer" },
  "GET /v1/delegations/{id}": { least: "viewer" },
  "DELETE /v1/delegations/{id}": { least: "finance" },
  "GET /v1/webhooks/inbox": { least: "viewer" },
  "GET /v1/webhooks/inbox/{id}": { least: "viewer" },
  "POST /v1/webhooks/inbox/{id}/replay": { least: "admin" },
  "POST /v1/webhooks/inbox/replay": { least: "admin", body: { filter: { state: "routed" }, dry_run: true } },
  "GET /v1/event-types": { least: "viewer" },
  "POST /v1/webhook-endpoints": { least: "admin", body: { url: "https://elsewhere.example/hooks" } },
  "GET /v1/webhook-endpoints": { least: "viewer" },
  "GET /v1/webhook-endpoints/{id}": { least: "viewer" },
  "PATCH /v1/webhook-endpoints/{id}": { least: "admin", body: { description: "not theirs" } },
  "DELETE /v1/webhook-endpoints/{id}": { least: "admin" },
  "POST /v1/webhook-endpoints/{id}/rotate-secret": { least: "admin", body: {} },
  "POST /v1/webhook-endpoints/{id}/ping": { least: "support", body: {} },
  "GET /v1/webhook-endpoints/{id}/deliveries": { least: "viewer" },
  "GET /v1/webhook-endpoints/{id}/deliveries/{delivery}": { least: "viewer" },
  "POST /v1/webhook-endpoints/{id}/deliveries/{delivery}/retry": { least: "support" },
  "POST /v1/api-keys": { least: "admin", body: { role: "viewer" } },
  "GET /v1/api-keys": { least: "admin" },
  "POST /v1/api-keys/{id}/rotate": { least: "admin", body: {} },
  "DELETE /v1/api-keys/{id}": { least: "admin" },
  "GET /v1/changes": { least: "viewer" },
  "GET /v1/overview": { least: "viewer" },
  "GET /v1/overview/series": { least: "viewer" },
  "POST /v1/reconciliations": { least: "finance", body: {} },
  "GET /v1/reconciliations": { least: "support" },
  "GET /v1/reconciliations/{id}": { least: "support" },
};

/** Statements over all trails of an installation: hashes that everybody may hold. */
const NOBODYS = /^GET \/v1\/audit\/checkpoints\/\{number\}$/;
const STREAMS = /\/(changes|audit\/stream)$/;

let service: TestService;
/** What tenant dev has, by the path that names it. */
let ours: Record<string, string>;
let documented: string[];
beforeAll(async () => {
  service = await startTestService({
    API_KEYS: [
      ...ROLES.map((role) => `dev:${role}:ck_${role}`),
      "dev:admin:ck_dev",
      "elsewhere:admin:ck_stranger",
    ].join(","),
  });
  const { body } = await service.call<{ paths: Record<string, Record<string, { security?: unknown[] }>> }>(
    "GET",
    "/openapi.json",
  );
  documented = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security }]) => security?.length !== 0)
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  ours = await everything();
  await settled();
}, 60_000);
afterAll(() => service?.end());

const id = async (method: string, path: string, body: unknown): Promise<string> => {
  const answer = await service.call<{ id: string }>(method, path, body);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.id;
};

/** One of each kind: an order that waits for an approval, with its webhooks in and out. */
async function everything(): Promise<Record<string, string>> {
  const endpoint = await id("POST", "/v1/webhook-endpoints", { url: "https://merchant.example/hooks" });
  const order = await service.create({ amount: 125_000, reference: "PO-ours" });
  await service.pay(order);
  const { approval } = await service.until(
    () => service.order(order.id),
    (view) => view.approval !== null,
  );
  const first = (path: string) =>
    service.until(
      async () => (await service.call<{ data: { id: string }[] }>("GET", path)).body.data[0]?.id ?? "",
      (found) => found !== "",
    );
  return {
    orders: order.id,
    approvals: approval?.id ?? "",
    delegations: await id("POST", "/v1/delegations", {
      ...{ from: "cfo@example.com", to: "sam@example.com" },
      ...{ starts_at: "2100-01-01T00:00:00Z", ends_at: "2100-02-01T00:00:00Z" },
    }),
    inbox: await first(`/v1/webhooks/inbox?order_id=${order.id}`),
    "webhook-endpoints": endpoint,
    delivery: await first(`/v1/webhook-endpoints/${endpoint}/deliveries`),
    "api-keys": await id("POST", "/v1/api-keys", { role: "viewer" }),
    reconciliations: await id("POST", "/v1/reconciliations", {}),
  };
}

/** Waits until what goes on by itself is over: two mails to approvers, and the report. */
async function settled(): Promise<void> {
  await service.until(
    () => service.trail(ours["orders"] ?? ""),
    (trail) => trail.filter(({ type }) => type === "mail.sent").length === 2,
  );
  await service.until(
    async () => (await service.call("GET", `/v1/reconciliations/${ours["reconciliations"]}`)).body["status"],
    (status) => status === "finished",
  );
}

/** The endpoint's path with what tenant dev has in it. */
const pathOf = (endpoint: string): string =>
  (endpoint.split(" ")[1] ?? "")
    .replace(/\/([\w-]+)\/\{id\}/, (_, kind: string) => `/${kind}/${ours[kind]}`)
    .replace("{delivery}", ours["delivery"] ?? "")
    .replace("{key}", "status")
    .replace("{number}", "1");

const send = (endpoint: string, key: string) =>
  service.call<{ code?: string }>(endpoint.split(" ")[0] ?? "", pathOf(endpoint), ENDPOINTS[endpoint]?.body, {
    authorization: `Bearer ${key}`,
  });

/** All that there is of tenant dev, as it stands. */
async function standing(): Promise<unknown> {
  const paths = [
    ...["orders", "approvals", "delegations", "webhook-endpoints"].map((kind) => `/v1/${kind}/${ours[kind]}`),
    `/v1/orders/${ours["orders"]}/audit?limit=100`,
    `/v1/webhooks/inbox/${ours["inbox"]}`,
    "/v1/api-keys",
    `/v1/reconciliations/${ours["reconciliations"]}`,
  ];
  return Promise.all(
    paths.map(async (path) => {
      const { body } = await service.call("GET", path);
      // Nobody answers at the merchant's.
      delete body["failing_since"];
      return body;
    }),
  );
}

test("each documented endpoint has its least role here", () => {
  expect(documented.filter((endpoint) => !ENDPOINTS[endpoint])).toEqual([]);
  expect(Object.keys(ENDPOINTS).filter((endpoint) => !documented.includes(endpoint))).toEqual([]);
});

describe("what is another tenant's", () => {
  test("does not exist: 404 for each endpoint that names it, and nothing changes", async () => {
    const before = await standing();
    const naming = documented.filter((endpoint) => endpoint.includes("{") && !NOBODYS.test(endpoint));
    expect(naming.length).toBeGreaterThan(25);
    for (const endpoint of naming)
      expect(await send(endpoint, "ck_stranger"), endpoint).toMatchObject({
        status: 404,
        body: { code: "not_found" },
      });
    expect(await standing()).toEqual(before);
  });

  test("is in no list", async () => {
    const lists = documented.filter(
      (endpoint) => endpoint.startsWith("GET ") && !endpoint.includes("{") && !STREAMS.test(endpoint),
    );
    expect(lists.length).toBeGreaterThan(10);
    for (const endpoint of lists) {
      const answer = await send(endpoint, "ck_stranger");
      expect(answer.status, endpoint).toBe(200);
      for (const theirs of Object.values(ours))
        expect(JSON.stringify(answer.body), endpoint).not.toContain(theirs);
    }
    for (const query of [`order_id=${ours["orders"]}`, "reference=PO-ours"]) {
      const { body } = await service.call<{ data: unknown[] }>("GET", `/v1/audit?${query}`, undefined, {
        authorization: "Bearer ck_stranger",
      });
      expect(body.data, query).toEqual([]);
    }
  });
});

describe("a role that is too low", () => {
  test("is refused by every endpoint, and nothing changes", async () => {
    const before = await standing();
    const above = documented.filter((endpoint) => ENDPOINTS[endpoint]?.least !== "viewer");
    expect(above.length).toBeGreaterThan(20);
    for (const endpoint of above) {
      const least = ENDPOINTS[endpoint]?.least ?? "viewer";
      const below = ROLES[ROLES.indexOf(least) - 1] ?? "viewer";
      const answer = await send(endpoint, `ck_${below}`);
      expect(answer, `${endpoint} as ${below}`).toMatchObject({ status: 403, body: { code: "forbidden" } });
    }
    expect(await standing()).toEqual(before);
  });

  test("is not refused what it may", async () => {
    // Those that read: the others are tried with their least role where they are tested.
    for (const endpoint of documented.filter((one) => one.startsWith("GET ") && !STREAMS.test(one))) {
      const least = ENDPOINTS[endpoint]?.least ?? "viewer";
      const answer = await send(endpoint, `ck_${least}`);
      expect([200, 404], `${endpoint} as ${least}: ${answer.status}`).toContain(answer.status);
    }
  });
});

test("without a key, or with a wrong one, nothing answers", async () => {
  for (const endpoint of documented) expect((await send(endpoint, "ck_nobody")).status, endpoint).toBe(401);
});
