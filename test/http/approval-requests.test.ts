import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import pg from "pg";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPool } from "../../src/db/pool.ts";
import { createLog } from "../../src/log.ts";
import { createSeal } from "../../src/seal.ts";
import { resealCallbacks } from "../../src/workflows/callback-secrets.ts";
import { tablesWith } from "../privacy/tables.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let receiver: Server;
let receivedAt = "";
const received: { headers: IncomingMessage["headers"]; body: string }[] = [];
/** What the receiver answers next; 204 when there is nothing left. */
const answers: number[] = [];

beforeAll(async () => {
  service = await startTestService({
    LINK_SECRETS: "k1:a secret of sixteen and more",
    API_KEYS:
      "dev:admin:ck_dev,dev:finance:ck_finance:finance@example.com,dev:viewer:ck_viewer,other:admin:ck_other",
  });
  receiver = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body });
      response.writeHead(answers.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  receivedAt = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterAll(async () => {
  await service?.end();
  receiver?.close();
});

interface Approval {
  id: string;
  status: string;
  waiting_for: string[];
  callback: { url: string; secret?: string } | null;
  history: { type: string; at: string }[];
}

const asked = {
  title: "Deploy 4.2 to production",
  gates: [{ name: "release", approvers: ["lead@example.com"] }],
};
const ask = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  service.call<Approval>("POST", "/v1/approvals", body, headers);
const read = async (id: string) => (await service.call<Approval>("GET", `/v1/approvals/${id}`)).body;

test("anything can be asked, is decided by a mailed link, and its outcome is posted with a signature", async () => {
  answers.push(503);
  const created = await ask({ ...asked, description: "Fixes the rounding", callback: { url: receivedAt } });
  expect(created).toMatchObject({
    status: 201,
    body: { status: "pending", waiting_for: ["lead@example.com"] },
  });
  const secret = created.body.callback?.secret ?? "";
  expect(secret).toMatch(/^whsec_/);
  expect((await read(created.body.id)).callback).toEqual({ url: receivedAt });

  const mail = await service.mail("lead@example.com");
  expect(mail.subject).toBe("Approve Deploy 4.2 to production?");
  const link = mail.links[0] ?? "";
  const page = await (await fetch(link)).text();
  expect(page).toContain("Deploy 4.2 to production");
  expect(page).toContain("Fixes the rounding");
  const decided = await service.decide(link, "approve", "go");
  expect(decided.status).toBe(200);

  await service.until(
    () => read(created.body.id),
    (approval) => approval.history.some((entry) => entry.type === "approval.called_back"),
  );
  const hooks = received.filter(({ body }) => body.includes(created.body.id));
  expect(hooks).toHaveLength(2);
  expect(new Set(hooks.map(({ headers }) => headers["webhook-id"]))).toEqual(
    new Set([`${created.body.id}.approval.approved`]),
  );
  for (const { headers, body } of hooks)
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
      type: "approval.approved",
      data: { id: created.body.id, status: "approved", decided_by: "lead@example.com" },
    });
  expect((await read(created.body.id)).history.map((entry) => entry.type)).toEqual(
    expect.arrayContaining(["approval.requested", "mail.sent", "approval.voted", "approval.approved"]),
  );
});

test("the callback's secret is nowhere stored as it is, and whoever repeats the request sees it again", async () => {
  const secret = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
  const key = { "idempotency-key": "sealed-1" };
  const request = { ...asked, callback: { url: receivedAt, secret } };
  const { body } = await ask(request, key);
  expect(body.callback).toEqual({ url: receivedAt, secret });
  expect((await ask(request, key)).body).toEqual(body);
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  expect(await tablesWith(client, [secret.slice(6, 30)])).toEqual([]);
  await client.end();
});

test("a secret that an earlier release stored as it is still signs, and is sealed at the next start", async () => {
  const secret = `whsec_${Buffer.alloc(32, 6).toString("base64")}`;
  const key = { "idempotency-key": "sealed-2" };
  const request = { ...asked, callback: { url: receivedAt, secret } };
  const { body } = await ask(request, key);
  const { body: ended } = await ask({ ...request, title: "Deploy 4.1" });
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  for (const set of ["approvals set state", "idempotency_keys set response"]) {
    const [table = "", , column = ""] = set.split(" ");
    await client.query(
      `update countersign.${set} = jsonb_set(${column}::jsonb, '{callback,secret}', to_jsonb($1::text))
        where ${table === "approvals" ? "id" : "object_id"} = any($2)`,
      [secret, [body.id, ended.id]],
    );
  }
  const decide = (id: string) =>
    service.call("POST", `/v1/approvals/${id}/decisions`, { decision: "reject", comment: "no" });
  const posted = (id: string) =>
    service.until(
      () => Promise.resolve(received.find((hook) => hook.body.includes(id))),
      (hook) => hook !== undefined,
    );
  const signed = async (id: string) => {
    const hook = await posted(id);
    return new Webhook(secret).verify(hook?.body ?? "", hook?.headers as Record<string, string>);
  };
  await decide(ended.id);
  expect(await signed(ended.id)).toMatchObject({ data: { id: ended.id, status: "rejected" } });

  const pool = createPool({ url: service.databaseUrl });
  const seal = createSeal([{ version: "k1", secret: "a secret of sixteen and more" }]);
  await resealCallbacks(pool, seal, createLog("silent"));
  await pool.end();
  const { rows } = await client.query<{ text: string }>(
    `select state::text as text from countersign.approvals where id = $1
      union all select response::text from countersign.idempotency_keys where object_id = $1`,
    [body.id],
  );
  await client.end();
  expect(rows).toHaveLength(2);
  for (const { text } of rows) expect(text).not.toContain(secret);
  expect((await ask(request, key)).body).toEqual(body);
  await decide(body.id);
  expect(await signed(body.id)).toMatchObject({ data: { id: body.id, status: "rejected" } });
});

test("a request about an order is told in the order's trail, and does not hold it up", async () => {
  const order = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
  const { body } = await ask({ ...asked, title: "Ship by air", order_id: order.id });
  await service.call("POST", `/v1/approvals/${body.id}/decisions`, {
    decision: "reject",
    comment: "too dear",
  });
  await service.until(
    () => service.trail(order.id),
    (trail) => trail.some((entry) => entry.type === "approval.rejected"),
  );
  expect(await service.order(order.id)).toMatchObject({ status: "completed" });
  expect((await service.call("GET", `/v1/orders/${order.id}/audit/verify`)).body).toMatchObject({
    valid: true,
  });
});

test("the policy says who is asked when nobody is named", async () => {
  const large = await ask({ title: "New press", amount: 2_000_000, currency: "usd" });
  expect(large.body).toMatchObject({ gates: [{ name: "finance" }, { name: "management" }] });
  const tier = await ask({ title: "New chair", ask: "one" });
  expect(tier.body).toMatchObject({ gates: [{ name: "finance" }] });
  const small = await ask({ title: "Pencils", amount: 100, currency: "usd" });
  expect(small).toMatchObject({ status: 400, body: { errors: [{ path: "ask" }] } });
});

test("the same key and body make one approval, another body is refused", async () => {
  const key = { "idempotency-key": "standalone-1" };
  const [first, second] = await Promise.all([ask(asked, key), ask(asked, key)]);
  expect(first.status).toBe(201);
  expect(second.body).toEqual(first.body);
  expect(await ask({ ...asked, title: "Another" }, key)).toMatchObject({
    status: 422,
    body: { code: "idempotency_mismatch" },
  });
});

test.each([
  [{}, "title"],
  [{ ...asked, title: "" }, "title"],
  [{ ...asked, amount: 100 }, "currency"],
  [{ ...asked, ask: "one" }, "ask"],
  [{ title: "x", ask: "nowhere" }, "ask"],
  [{ ...asked, gates: [] }, "gates"],
  [{ ...asked, gates: [{ approvers: ["a@example.com", "A@example.com"], need: 2 }] }, "gates.0.approvers"],
  [{ ...asked, requested_by: "lead@example.com" }, "gates.0.approvers"],
  [{ ...asked, order_id: "ord_none" }, "order_id"],
  [{ ...asked, expires_in: 5 }, "expires_in"],
  [{ ...asked, callback: { url: "ftp://example.com" } }, "callback.url"],
  [{ ...asked, callback: { url: "http://u:p@example.com" } }, "callback.url"],
  [{ ...asked, callback: { url: receivedAt || "http://127.0.0.1", secret: "short" } }, "callback.secret"],
])("%j is refused for its %s", async (body, path) => {
  const answer = await service.call<{ errors: { path: string }[] }>("POST", "/v1/approvals", body);
  expect(answer.status).toBe(400);
  expect(answer.body.errors.map((error) => error.path)).toContain(path);
});

test("other tenants and viewers neither ask nor see", async () => {
  const { body } = await ask(asked);
  const other = { authorization: "Bearer ck_other" };
  expect((await service.call("GET", `/v1/approvals/${body.id}`, undefined, other)).status).toBe(404);
  expect((await ask(asked, { authorization: "Bearer ck_viewer" })).status).toBe(403);
});
