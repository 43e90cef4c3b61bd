import { createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPool } from "../../src/db/pool.ts";
import { createMailer } from "../../src/mail/transport.ts";
import { jsonText, runs, text } from "../fuzz/hostile.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { tablesWith } from "../privacy/tables.ts";
import { startCollector } from "../observe/collector.ts";
import { keptLog } from "../observe/lines.ts";

/** One service with a secret of every kind, whose log is kept whole; what is done to it is searched for them afterwards. */
const unique = (kind: string): string => `${kind}${randomBytes(12).toString("hex")}`;
const SECRETS = {
  api_key: unique("ck_"),
  wrong_api_key: unique("ck_"),
  link_secret: unique("link"),
  webhook_secret: unique("whsec_"),
  provider_key: unique("sk_test_"),
  callback_secret: `whsec_${randomBytes(32).toString("base64")}`,
  cookie: unique("cookie"),
  smtp_password: unique("smtp"),
  database_password: unique("database"),
  trace_header: unique("trace"),
};

let service: TestService;
let collector: Awaited<ReturnType<typeof startCollector>>;
const kept = keptLog("trace");
/** Everything that was answered, but for what hands a secret to its owner. */
const answers: string[] = [];

beforeAll(async () => {
  collector = await startCollector();
  service = await startTestService(
    {
      API_KEYS: `dev:admin:${SECRETS.api_key}:dev@example.com`,
      LINK_SECRETS: `v1:${SECRETS.link_secret}`,
      STRIPE_WEBHOOK_SECRETS: SECRETS.webhook_secret,
      STRIPE_API_KEY: SECRETS.provider_key,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${SECRETS.trace_header}`,
    },
    kept.log,
  );
});
afterAll(async () => {
  await service?.end();
  await collector?.stop();
});

const authorization = () => ({ authorization: `Bearer ${SECRETS.api_key}` });

/** A request whose answer is kept for the search. */
async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await service.call(method, path, body, {
    ...authorization(),
    cookie: `countersign=${SECRETS.cookie}`,
    ...headers,
  });
  answers.push(`${JSON.stringify([...response.headers])} ${JSON.stringify(response.body)}`);
  return response;
}

describe("headers", () => {
  const ALWAYS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/) as string,
    "strict-transport-security": expect.stringContaining("max-age=") as string,
    "request-id": expect.stringMatching(/^req_/) as string,
  };
  const PRIVATE = { ...ALWAYS, "cache-control": "no-store" };
  const PAGE = { ...PRIVATE, "x-robots-tag": "noindex, nofollow", "referrer-policy": "same-origin" };
  const table: [what: string, method: string, path: string, status: number, headers: object][] = [
    ["a list", "GET", "/v1/orders", 200, PRIVATE],
    ["a refusal", "GET", "/v1/orders?limit=0", 400, PRIVATE],
    ["what is not there", "GET", "/v1/orders/ord_0", 404, PRIVATE],
    ["a path of nobody", "GET", "/nothing/here", 404, ALWAYS],
    ["a wrong method", "DELETE", "/v1/orders", 405, ALWAYS],
    ["a bad webhook", "POST", "/webhooks/stripe", 400, ALWAYS],
    ["an approver's page", "GET", "/a/v1.nobody", 404, PAGE],
    ["the landing page", "GET", "/paid", 200, PAGE],
    ["the mailbox", "GET", "/dev/mailbox", 200, PAGE],
    ["a probe", "GET", "/readyz", 200, ALWAYS],
    ["metrics", "GET", "/metrics", 200, ALWAYS],
    ["the description", "GET", "/openapi.json", 200, ALWAYS],
  ];
  test.each(table)("%s", async (_, method, path, status, headers) => {
    const answer = await ask(method, path, method === "POST" ? {} : undefined);
    expect([answer.status, Object.fromEntries(answer.headers)]).toEqual([
      status,
      expect.objectContaining(headers),
    ]);
    expect(answer.headers.get("x-powered-by")).toBeNull();
    expect(answer.headers.get("server")).toBeNull();
  });

  test("without a key nothing is answered, and the way in is named", async () => {
    const answer = await ask("GET", "/v1/orders", undefined, { authorization: "" });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
      401,
      'Bearer realm="countersign"',
    ]);
  });
});

describe("hostile requests are refused by name, and never break anything", () => {
  const paths = [
    "/v1/orders",
    "/v1/approvals",
    "/v1/webhook-endpoints",
    "/v1/delegations",
    "/v1/reconciliations",
  ];

  async function refused(response: Response): Promise<void> {
    const body = await response.text();
    expect(response.status, body).toBeLessThan(500);
    if (response.status < 400 || !response.headers.get("content-type")?.includes("problem+json")) return;
    const problem = JSON.parse(body) as {
      code: string;
      detail: string;
      errors?: { path: string; message: string }[];
    };
    expect(problem.code).not.toBe("internal");
    for (const { path, message } of problem.errors ?? []) {
      expect(message).not.toBe("");
      // A whole has no path, and is named in the sentence.
      if (path === "") expect(problem.detail).toMatch(/^The [a-z]/);
    }
  }

  test("JSON bodies", async () => {
    const key = fc.oneof(
      fc.constant("idem-1"),
      text.filter((t) => /^[\x20-\x7e]*$/.test(t) && t.length < 300),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), jsonText, key, async (path, body, idempotency) => {
        await refused(
          await fetch(service.url + path, {
            method: "POST",
            headers: {
              ...authorization(),
              "content-type": "application/json",
              "idempotency-key": idempotency,
            },
            body,
          }),
        );
      }),
      runs(50),
    );
  });

  test("an order with a hostile value in a place of its own", async () => {
    const fields = [
      "reference",
      "amount",
      "currency",
      "description",
      "customer",
      "items",
      "payment",
      "metadata",
      "requested_by",
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), jsonText, async (field, value) => {
        const right = { reference: "PO-1", currency: "usd", amount: 1250 };
        const body = JSON.stringify({ ...right, [field]: "HERE" }).replace('"HERE"', () => value);
        const response = await fetch(`${service.url}/v1/orders`, {
          method: "POST",
          headers: { ...authorization(), "content-type": "application/json", "idempotency-key": unique("k") },
          body,
        });
        if (response.status !== 201) await refused(response);
      }),
      runs(30),
    );
  });

  test("forms, tokens, cursors, queries and webhooks", async () => {
    const encoded = text.map((t) => encodeURIComponent(t.toWellFormed()).slice(0, 4_000));
    const signed = (body: string) => {
      const t = Math.floor(Date.now() / 1000);
      const v1 = createHmac("sha256", SECRETS.webhook_secret).update(`${t}.`).update(body).digest("hex");
      return { "stripe-signature": `t=${t},v1=${v1}` };
    };
    await fc.assert(
      fc.asyncProperty(encoded, jsonText, async (odd, json) => {
        const get = (path: string) => fetch(service.url + path, { headers: authorization() });
        const post = (path: string, body: string, headers: Record<string, string>) =>
          fetch(service.url + path, { method: "POST", body, headers });
        const form = { "content-type": "application/x-www-form-urlencoded" };
        const all = await Promise.all([
          get(`/a/${odd}`),
          post(`/a/v1.${"A".repeat(43)}`, `decision=${odd}&comment=${odd}&${odd}`, form),
          get(`/v1/orders?cursor=${odd}`),
          get(`/v1/orders?limit=${odd}&created_after=${odd}`),
          get(`/v1/orders/${odd}`),
          get(`/v1/orders/${odd}/events/${odd}?timeout=${odd}`),
          get(`/orders/ord_01m83rq90amr2kps2x5rz0bkbq?t=${odd}`),
          get(`/v1/webhooks/inbox?state=${odd}&received_after=${odd}`),
          get(`/v1/audit?from=${odd}&to=${odd}`),
          post("/webhooks/stripe", json, signed(json)),
          post("/webhooks/stripe", json, { "stripe-signature": odd }),
        ]);
        for (const response of all) await refused(response);
      }),
      runs(12),
    );
  });
});

test("no secret is in a log, an answer, a metric, a trace or the database", async () => {
  const order = (await ask("POST", "/v1/orders", { reference: "PO-9", amount: 200_000, currency: "usd" }))
    .body as never;
  await service.pay(order);
  const mail = await service.mail("finance@example.com");
  const link = mail.links[0]!;
  const token = link.split("/a/")[1]!;
  await fetch(link);
  await service.decide(link, "approve");
  const id = (order as { id: string }).id;
  await service.until(
    async () => (await ask("GET", `/v1/orders/${id}`)).body["status"],
    (status) => status === "completed",
  );
  const endpoint = await service.call(
    "POST",
    "/v1/webhook-endpoints",
    { url: "http://127.0.0.1:9/hooks", event_types: ["*"] },
    authorization(),
  );
  const endpoint_secret = String(endpoint.body["secret"]);
  expect(endpoint_secret).toMatch(/^whsec_/);
  const timeline = await service.call("POST", `/v1/orders/${id}/timeline-link`, {}, authorization());
  const timeline_token = new URL(String(timeline.body["url"])).searchParams.get("t")!;
  await fetch(`${service.url}/orders/${id}?t=${timeline_token}`);

  // And what goes wrong, each with its secret in hand.
  await ask("GET", "/v1/orders", undefined, { authorization: `Bearer ${SECRETS.wrong_api_key}` });
  await ask("GET", "/v1/orders", undefined, { authorization: `Basic ${SECRETS.wrong_api_key}` });
  await ask("GET", `/v1/orders/${SECRETS.wrong_api_key}`.slice(0, 20));
  const question = {
    title: "Access",
    gates: [{ approvers: ["finance@example.com"] }],
    callback: { url: "http://127.0.0.1:9/callback", secret: SECRETS.callback_secret },
  };
  const asked = await service.call<{ id: string }>("POST", "/v1/approvals", question, authorization());
  expect(asked.status).toBe(201);
  await ask("GET", `/v1/approvals/${asked.body.id}`);
  await ask("POST", `/v1/approvals/${asked.body.id}/decisions`, { decision: "approve" });
  await ask("POST", "/v1/approvals", {
    title: 1,
    callback: { url: "nowhere", secret: SECRETS.callback_secret },
  });
  const signature = createHmac("sha256", SECRETS.webhook_secret).update("1.{}").digest("hex");
  await ask("POST", "/webhooks/stripe", {}, { "stripe-signature": `t=1,v1=${signature}` });
  for (const path of [
    "/v1/webhook-endpoints",
    "/v1/webhooks/inbox",
    `/v1/orders/${id}/audit`,
    "/v1/approvals",
    "/readyz",
    "/metrics",
    "/openapi.json",
  ])
    await ask("GET", path);
  const mailer = createMailer({
    smtpUrl: `smtp://mailer:${SECRETS.smtp_password}@127.0.0.1:9`,
    from: "a@example.com",
    log: kept.log,
  });
  await mailer.send({ to: "b@example.com", subject: "s", text: "t", html: "h", messageId: "<a@b>" });
  await mailer.verify();
  mailer.close();
  const pool = createPool({
    url: `postgresql://u:${SECRETS.database_password}@127.0.0.1:9/db`,
    log: kept.log,
  });
  await pool.query("select 1").catch((error: unknown) => kept.log.error({ err: error }, "no database"));
  await pool.end();
  kept.log.error(
    { config: { smtp: { password: SECRETS.smtp_password } }, headers: authorization(), token },
    "somebody logs what they should not",
  );

  const secrets = Object.entries({ ...SECRETS, endpoint_secret, token, timeline_token });
  const places = {
    log: kept.text(),
    answers: answers.join("\n"),
    traces: collector.requests.map((request) => request.text).join("\n"),
  };
  expect(kept.lines().length).toBeGreaterThan(100);
  const found = Object.entries(places).flatMap(([place, text]) =>
    secrets.filter(([, secret]) => text.includes(secret)).map(([kind]) => `${kind} in ${place}`),
  );
  expect(found).toEqual([]);
  const db = new pg.Client({ connectionString: service.databaseUrl });
  await db.connect();
  // `_` is any character to `like`, which finds more, not less.
  expect(
    await tablesWith(
      db,
      secrets.map(([, secret]) => secret),
    ),
  ).toEqual([]);
  await db.end();
});
