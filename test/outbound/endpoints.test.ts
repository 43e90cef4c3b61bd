import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";
import { startReceiver, type Receiver } from "./receiver.ts";

const KEYS = {
  viewer: "ck_viewer",
  support: "ck_support",
  finance: "ck_finance",
  admin: "ck_admin",
} as const;
type Who = keyof typeof KEYS;

let receiver: Receiver;
let service: TestService;
/** As in production: https alone and public addresses, but for one host. */
beforeAll(async () => {
  receiver = await startReceiver();
  service = await startTestService({
    NODE_ENV: "production",
    API_KEYS: [
      ...Object.entries(KEYS).map(([role, key]) => `dev:${role}:${key}`),
      "crowded:admin:ck_crowded",
    ].join(","),
    LINK_SECRETS: "k1:sixteen characters",
    PUBLIC_URL: "https://orders.example.com",
    SMTP_URL: "smtp://127.0.0.1:9",
    STRIPE_API_BASE: "http://127.0.0.1:9",
    STRIPE_API_KEY: "sk_test_none",
    STRIPE_WEBHOOK_SECRETS: "whsec_none",
    WEBHOOK_ALLOW_HOSTS: "127.0.0.1",
  });
});
afterAll(async () => {
  await service?.end();
  await receiver?.close();
});

const as = <T = Record<string, unknown>>(who: Who, method: string, path: string, body?: unknown) =>
  service.call<T>(method, path, body, { authorization: `Bearer ${KEYS[who]}` });

const PATH = "/v1/webhook-endpoints";
const PUBLIC = "https://hooks.example.com/countersign";

async function create(fields: Record<string, unknown> = {}) {
  const { status, body } = await as<{ id: string }>("admin", "POST", PATH, { url: PUBLIC, ...fields });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}

const refused = (path: string) => ({
  status: 400,
  body: { code: "invalid_request", errors: [expect.objectContaining({ path })] },
});

describe("what an endpoint may be", () => {
  test.each([
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "https://user:password@hooks.example.com/",
    "https://10.1.2.3/hook",
    "https://192.168.0.1/",
    "https://172.16.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://167837953/",
    "https://0xa.1/",
    "https://012.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[64:ff9b::a00:1]/",
    "not a url",
    "",
    `https://hooks.example.com/${"x".repeat(2000)}`,
  ])("%s is refused, at creation and at a change", async (url) => {
    expect(await as("admin", "POST", PATH, { url })).toMatchObject(refused("url"));
    expect(await as("admin", "PATCH", `${PATH}/${await shared()}`, { url })).toMatchObject(refused("url"));
  });

  test.each([
    ["event_types", { event_types: [] }, "event_types"],
    ["a type that there is not", { event_types: ["order.create"] }, "event_types[0]"],
    ["a family that there is not", { event_types: ["order.*", "payment.*"] }, "event_types[1]"],
    ["a pattern", { event_types: ["*.created"] }, "event_types[0]"],
    ["no list", { event_types: "order.*" }, "event_types"],
    ["too many", { event_types: Array<string>(51).fill("*") }, "event_types"],
    ["a description of NUL", { description: "a\0b" }, "description"],
    ["a long description", { description: "x".repeat(501) }, "description"],
    ["enabled in words", { enabled: "yes" }, "enabled"],
    ["a field that there is not", { secret: "whsec_mine" }, "secret"],
  ])("%s is refused", async (_, fields, path) => {
    expect(await as("admin", "POST", PATH, { url: PUBLIC, ...fields })).toMatchObject(refused(path));
    expect(await as("admin", "PATCH", `${PATH}/${await shared()}`, fields)).toMatchObject(refused(path));
  });

  test("an empty change and times out of range are refused", async () => {
    const path = `${PATH}/${await shared()}`;
    expect((await as("admin", "PATCH", path, {})).status).toBe(400);
    for (const expires_in of [-1, 1.5, 604_801, "1"])
      expect(await as("admin", "POST", `${path}/rotate-secret`, { expires_in })).toMatchObject(
        refused("expires_in"),
      );
    for (const query of ["state=lost", "limit=0", "cursor=x", "colour=red"])
      expect((await as("admin", "GET", `${path}/deliveries?${query}`)).status, query).toBe(400);
    for (const id of ["whd_x", `whd_${"0".repeat(26)}`, "%00"])
      expect((await as("admin", "GET", `${path}/deliveries/${id}`)).status, id).toBe(404);
  });

  test("what is given is shown, changed in part, and gone once it is deleted", async () => {
    const id = await create({ event_types: ["order.*", "refund.failed"], description: "the shop" });
    const path = `${PATH}/${id}`;
    const shown = {
      url: PUBLIC,
      event_types: ["order.*", "refund.failed"],
      description: "the shop",
      enabled: true,
    };
    expect((await as("viewer", "GET", path)).body).toMatchObject(shown);
    const changed = await as("admin", "PATCH", path, { description: null, enabled: false });
    expect(changed.body).toMatchObject({
      ...shown,
      description: null,
      enabled: false,
      disabled_reason: "manual",
    });
    expect((await as("viewer", "GET", `${PATH}?limit=100`)).body["data"]).toContainEqual(changed.body);
    expect((await as("admin", "DELETE", path)).status).toBe(204);
    for (const method of ["GET", "DELETE"])
      expect((await as("admin", method, path)).status, method).toBe(404);
    expect(JSON.stringify((await as("viewer", "GET", `${PATH}?limit=100`)).body)).not.toContain(id);
  });

  test("there are twenty at most", async () => {
    const crowd = () => service.call("POST", PATH, { url: PUBLIC }, { authorization: "Bearer ck_crowded" });
    for (let i = 0; i < 20; i++) expect((await crowd()).status).toBe(201);
    expect(await crowd()).toMatchObject({ status: 409, body: { code: "conflict" } });
  });
});

let one = "";
/** One that changes are refused of. */
const shared = async () => (one ||= await create());

describe("where webhooks go", () => {
  const pinged = async (id: string) => {
    const { body } = await as<{ id: string }>("support", "POST", `${PATH}/${id}/ping`);
    return service.until(
      () =>
        as<{ state: string; last_try: { error: string | null } | null }>(
          "viewer",
          "GET",
          `${PATH}/${id}/deliveries/${body.id}`,
        ),
      (answer) => answer.body.state !== "pending",
    );
  };

  test("a name that resolves to a private address is not called", async () => {
    const id = await create({ url: `https://localhost:${receiver.port}/hook` });
    const { body } = await pinged(id);
    expect(body.state).toBe("failed");
    expect(body.last_try?.error).toMatch(/^localhost is .+, which is not a public address$/);
    expect(receiver.received).toEqual([]);
  });

  test("a host that the operator trusts is called, without https too", async () => {
    const id = await create({ url: `${receiver.url}/trusted` });
    expect((await pinged(id)).body.state).toBe("delivered");
    expect(receiver.received.map(({ path }) => path)).toEqual(["/trusted"]);
  });
});

describe("each role may do what it is for", () => {
  const matrix: [what: string, least: Who, status: number, method: string, path: string, body?: unknown][] = [
    ["list types", "viewer", 200, "GET", "/v1/event-types"],
    ["list endpoints", "viewer", 200, "GET", PATH],
    ["read one", "viewer", 200, "GET", ":id"],
    ["list deliveries", "viewer", 200, "GET", ":id/deliveries"],
    ["ping", "support", 202, "POST", ":id/ping"],
    ["create", "admin", 201, "POST", PATH, { url: PUBLIC }],
    ["change", "admin", 200, "PATCH", ":id", { enabled: true }],
    ["rotate", "admin", 200, "POST", ":id/rotate-secret"],
  ];
  const RANK: Who[] = ["viewer", "support", "finance", "admin"];

  test.each(matrix)("%s", async (_, least, status, method, path, body) => {
    const where = path.replace(":id", `${PATH}/${await shared()}`);
    for (const who of RANK) {
      const answer = await as(who, method, where, body);
      const may = RANK.indexOf(who) >= RANK.indexOf(least);
      expect(answer, who).toMatchObject(may ? { status } : { status: 403, body: { code: "forbidden" } });
    }
  });

  test("only an admin deletes, and support retries", async () => {
    const id = await create({ url: `${receiver.url}/roles` });
    const { body } = await as<{ id: string }>("support", "POST", `${PATH}/${id}/ping`);
    const retry = `${PATH}/${id}/deliveries/${body.id}/retry`;
    expect((await as("viewer", "POST", retry)).status).toBe(403);
    expect((await as("support", "POST", retry)).status).toBe(202);
    expect((await as("finance", "DELETE", `${PATH}/${id}`)).status).toBe(403);
    expect((await as("admin", "DELETE", `${PATH}/${id}`)).status).toBe(204);
  });
});

test("each type of event is listed with its schema, and OpenAPI knows every path", async () => {
  const { body } = await as<{ data: { type: string; version: number; schema: object }[] }>(
    "viewer",
    "GET",
    "/v1/event-types",
  );
  expect(body.data.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["order.created", "order.completed", "approval.requested", "refund.succeeded"]),
  );
  for (const { version, schema } of body.data) {
    expect(version).toBe(1);
    expect(schema).toMatchObject({ type: "object", required: ["type", "timestamp", "data"] });
  }
  const { paths } = (await service.call<{ paths: Record<string, object> }>("GET", "/openapi.json")).body;
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      "/v1/event-types",
      "/v1/webhook-endpoints",
      "/v1/webhook-endpoints/{id}",
      "/v1/webhook-endpoints/{id}/rotate-secret",
      "/v1/webhook-endpoints/{id}/ping",
      "/v1/webhook-endpoints/{id}/deliveries",
      "/v1/webhook-endpoints/{id}/deliveries/{delivery}",
      "/v1/webhook-endpoints/{id}/deliveries/{delivery}/retry",
    ]),
  );
});
