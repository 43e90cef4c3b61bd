import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyFile } from "../../src/cli/verify.ts";
import { loadConfig } from "../../src/config.ts";
import type { InclusionProof, SignedCheckpoint } from "../../src/domain/audit-checkpoint.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-checkpoints-"));
  service = await startTestService({
    API_KEYS: "dev:admin:ck_dev,dev:finance:ck_finance:finance@example.com,other:admin:ck_other",
    CHECKPOINT_DIR: join(folder, "sent"),
    CHECKPOINT_EMAIL: "cfo@example.com",
  });
});
afterAll(async () => {
  await service.end();
  await rm(folder, { recursive: true, force: true });
});

const make = (body: Record<string, unknown> = {}, key = "ck_dev") =>
  service.call<SignedCheckpoint>("POST", "/v1/audit/checkpoints", body, { authorization: `Bearer ${key}` });

test("an order's trail is proven with what was exported, sent and published, and nothing else", async () => {
  const order = await service.create({
    reference: "PO-proof",
    payment: { mode: "confirm", payment_method: "pm_card_visa" },
  });
  await service.reached(order.id, "completed");
  const made = await make();
  expect(made).toMatchObject({ status: 201, body: { object: "audit_checkpoint", size: 1 } });
  const { number } = made.body;
  expect((await service.call("GET", `/v1/audit/checkpoints/${number}`)).body).toEqual(made.body);
  const list = await service.call<{ data: SignedCheckpoint[] }>("GET", "/v1/audit/checkpoints?limit=1");
  expect(list.body.data).toEqual([made.body]);

  const entries = (await service.order(order.id)).audit.entries;
  const proof = await service.call<InclusionProof>("GET", `/v1/orders/${order.id}/audit/proof`);
  expect(proof.body).toMatchObject({ leaf: { order_id: order.id, entries }, checkpoint: made.body });
  expect((await service.call("GET", `/v1/orders/${order.id}/audit/verify`)).body).toMatchObject({
    ...{ valid: true, entries, vouched: entries },
  });

  const file = (name: string) => join(folder, name);
  const exported = await fetch(`${service.url}/v1/orders/${order.id}/audit?format=ndjson`, {
    headers: { authorization: "Bearer ck_dev" },
  });
  await writeFile(file("trail.ndjson"), await exported.text());
  await writeFile(file("proof.json"), JSON.stringify(proof.body));
  const keys = await fetch(`${service.url}/.well-known/countersign-audit.json`);
  await writeFile(file("keys.json"), await keys.text());
  for (const checkpoints of [[file("sent")], [file("proof.json")]])
    expect(await verifyFile(file("trail.ndjson"), { checkpoints, keyFile: file("keys.json") })).toMatchObject(
      {
        ...{ code: 0, result: { valid: true, vouched: entries } },
      },
    );
  const mail = await service.mail("cfo@example.com", (m) => m.subject === `Audit checkpoint ${number}`);
  expect(mail.text).toContain(made.body.hash);
});

test("whoever may not make one, or asks for what is not there, is told", async () => {
  expect((await make({}, "ck_finance")).status).toBe(403);
  expect((await make({ sweep: "yes" })).status).toBe(400);
  const order = await service.create();
  const path = `/v1/orders/${order.id}/audit/proof`;
  const missing = await service.call("GET", path);
  expect(missing.status).toBe(404);
  expect(JSON.stringify(missing.body)).toContain("POST /v1/audit/checkpoints");
  expect((await service.call("GET", path, undefined, { authorization: "Bearer ck_other" })).status).toBe(404);
  expect((await service.call("GET", "/v1/audit/checkpoints/99999")).status).toBe(404);
  expect((await service.call("GET", "/v1/audit/checkpoints/0")).status).toBe(400);
});

test("the catalogue of entry types is read over HTTP", async () => {
  const { body } = await service.call<{ data: { type: string; data: unknown }[] }>(
    "GET",
    "/v1/audit/entry-types",
  );
  expect(body.data.find(({ type }) => type === "payment.captured")?.data).toMatchObject({
    properties: { amount: { type: "integer" } },
    required: expect.arrayContaining(["amount", "source"]) as unknown,
  });
});

test("an entry says by which request and which key it came", async () => {
  const answer = await service.call<{ id: string }>(
    "POST",
    "/v1/orders",
    { reference: "PO-source", amount: 1250, currency: "usd", requested_by: "sam@example.com" },
    { "idempotency-key": "key-of-mine" },
  );
  const [created] = await service.trail(answer.body.id);
  expect(created).toMatchObject({
    actor: { type: "api" },
    data: {
      source: `request ${answer.headers.get("request-id")}`,
      idempotency_key: "key-of-mine",
      requested_by: "sam@example.com",
    },
  });
  expect(Object.keys(created!.actor).sort()).toEqual(["id", "type"]);
});

test("production signs with a key that it is given, or makes no checkpoints", () => {
  const production = {
    NODE_ENV: "production",
    API_KEYS: "shop:admin:0123456789abcdef",
    DATABASE_URL: "postgres://localhost/orders",
    LINK_SECRETS: "1:0123456789abcdef0123456789abcdef",
    PUBLIC_URL: "https://orders.example.com",
    SMTP_URL: "smtps://mail.example.com",
    STRIPE_API_BASE: "https://api.stripe.com",
    STRIPE_API_KEY: "rk_live_x",
    STRIPE_WEBHOOK_SECRETS: "whsec_x",
  };
  expect(loadConfig(production, folder).checkpoints).toBeNull();
  expect(() => loadConfig({ ...production, CHECKPOINT_EMAIL: "cfo@example.com" }, folder)).toThrow(
    "CHECKPOINT_KEY_FILE: checkpoints are asked for",
  );
  const config = loadConfig({ ...production, CHECKPOINT_KEY_FILE: "key.pem" }, folder);
  expect(config.checkpoints).toMatchObject({ everyS: 3600, keyFile: join(folder, "key.pem") });
  expect(loadConfig({ CHECKPOINT_EVERY_S: "off" }, folder).checkpoints).toBeNull();
});
