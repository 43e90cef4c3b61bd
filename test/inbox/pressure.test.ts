import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import Koa from "koa";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { problems } from "../../src/http/problems.ts";
import type { WebhookLimits } from "../../src/http/webhook-limits.ts";
import { webhookRoutes } from "../../src/http/webhooks.ts";
import { createIntake } from "../../src/inbox/accept.ts";
import { createStripeSource } from "../../src/payments/stripe/source.ts";
import { sourcesByName } from "../../src/payments/webhook-source.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { event, SECRET, sign } from "./provider-events.ts";

const log = pino({ level: "silent" });
const sources = sourcesByName(createStripeSource({ secrets: [SECRET] }));

let database: TestDatabase;
let db: pg.Client;
beforeAll(async () => {
  database = await createDatabase();
  db = new pg.Client({ connectionString: database.url });
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
});

/** The provider's path alone, with limits that a test can reach. */
async function within(
  limits: Partial<WebhookLimits>,
  use: (url: string, pool: Pool) => Promise<void>,
  databaseUrl = database.url,
): Promise<void> {
  const pool = createPool({ url: databaseUrl, max: 4 });
  const app = new Koa();
  app.on("error", () => {});
  app.use(problems(log));
  const metrics = createMetrics();
  const webhookLimits = { verified: 1_000, unverified: 1_000, bodyWithinMs: 15_000, ...limits };
  const intake = createIntake({ pool, sources, log });
  app.use(webhookRoutes({ pool, intake, sources, log, metrics, webhookLimits }).routes());
  const handle = app.callback();
  const server: Server = createServer((request, response) => void handle(request, response)).listen(
    0,
    "127.0.0.1",
  );
  await once(server, "listening");
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, pool);
  } finally {
    server.closeAllConnections();
    server.close();
    await pool.end();
  }
}

const harmless = () => event("customer.created", { object: "customer", id: "cus_1" });

async function send(url: string, body: object, secret = SECRET) {
  const sent = JSON.stringify(body);
  const headers = { "stripe-signature": sign(sent, secret) };
  const response = await fetch(`${url}/webhooks/stripe`, { method: "POST", headers, body: sent });
  const answer = await response.text();
  return { status: response.status, retryAfter: Number(response.headers.get("retry-after") ?? "0"), answer };
}

/** Writes parts of a request one after the other as they are, and reads what comes back until the connection ends. */
async function raw(url: string, ...parts: (string | Buffer)[]): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  for (const part of parts) socket.write(part);
  return text(socket).catch(() => "");
}

const count = async (where = "true"): Promise<number> =>
  (
    await db.query<{ n: number }>(
      `select count(*)::int as n from countersign.inbound_webhooks where ${where}`,
    )
  ).rows[0]?.n ?? -1;

describe("whoever sends too much is told when to come again", () => {
  test("rubbish is refused after a while, and the provider behind the same address is not", () =>
    within({ unverified: 5 }, async (url) => {
      const rubbish = await Promise.all(
        Array.from({ length: 8 }, () => send(url, harmless(), "whsec_other")),
      );
      expect(rubbish.map(({ status }) => status).sort()).toEqual([400, 400, 400, 400, 400, 429, 429, 429]);
      for (const refused of rubbish.filter(({ status }) => status === 429)) {
        expect(JSON.parse(refused.answer)).toMatchObject({ code: "rate_limited" });
        expect(refused.retryAfter).toBeGreaterThan(0);
        expect(refused.retryAfter).toBeLessThanOrEqual(60);
      }
      const genuine = await Promise.all(Array.from({ length: 20 }, () => send(url, harmless())));
      expect(genuine.map(({ status }) => status)).toEqual(Array(20).fill(204));
    }));

  test("authentic requests have a bound of their own", () =>
    within({ verified: 3 }, async (url) => {
      const answers = await Promise.all(Array.from({ length: 5 }, () => send(url, harmless())));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 204, 204, 429, 429]);
    }));
});

describe("a database that does not take it asks the provider to come again", () => {
  test("because nobody answers there", () =>
    within(
      {},
      async (url) => {
        const answer = await send(url, harmless());
        expect(answer).toMatchObject({ status: 503, retryAfter: expect.any(Number) as number });
        expect(answer.retryAfter).toBeGreaterThan(0);
      },
      "postgresql://nobody@127.0.0.1:1/nowhere",
    ));

  test("because it hangs, and what came meanwhile is stored once when it is sent again", () =>
    within({}, async (url) => {
      const events = Array.from({ length: 10 }, harmless);
      await db.query("begin");
      await db.query("lock table countersign.inbound_webhooks in access exclusive mode");
      const refused = await Promise.all(events.map((each) => send(url, each)));
      expect(refused.map(({ status }) => status)).toEqual(events.map(() => 503));
      expect(refused.every(({ retryAfter }) => retryAfter > 0)).toBe(true);
      await db.query("rollback");
      const again = await Promise.all(events.map((each) => send(url, each)));
      expect(again.map(({ status }) => status)).toEqual(events.map(() => 204));
      const ids = events.map(({ id }) => `'${id}'`).join(",");
      expect(await count(`event_id in (${ids})`)).toBe(events.length);
    }));

  test("because every connection is taken", () =>
    within({}, async (url, pool) => {
      const taken = await Promise.all(Array.from({ length: 4 }, () => pool.connect()));
      const answer = await send(url, harmless());
      taken.forEach((client) => client.release());
      expect(answer.status).toBe(503);
      expect(answer.retryAfter).toBeGreaterThan(0);
      expect((await send(url, harmless())).status).toBe(204);
    }));
});

describe("a body that does not come as it should", () => {
  const head = (...headers: string[]) =>
    `POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers.map((each) => `${each}\r\n`).join("")}\r\n`;
  const chunk = (part: string) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`;

  test("slowly is answered, and the connection ends", () =>
    within({ bodyWithinMs: 300 }, async (url) => {
      const sent = JSON.stringify(harmless());
      const request = head(`Content-Length: ${sent.length}`, `Stripe-Signature: ${sign(sent)}`);
      const answer = await raw(url, request, sent.slice(0, -1));
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(answer).toContain('"code":"request_timeout"');
    }));

  test("in chunks is counted as it comes", () =>
    within({}, async (url) => {
      const before = await count();
      const sent = JSON.stringify(harmless());
      const signed = head("Transfer-Encoding: chunked", `Stripe-Signature: ${sign(sent)}`);
      const good = [...sent].map(chunk).join("");
      expect(await raw(url, signed, good, "0\r\n\r\n")).toMatch(/^HTTP\/1\.1 204 /);
      expect(await count()).toBe(before + 1);
      const huge = chunk("x".repeat(60_000));
      const endless = head("Transfer-Encoding: chunked", `Stripe-Signature: ${sign("")}`);
      expect(await raw(url, endless, ...Array<string>(10).fill(huge))).toMatch(/^HTTP\/1\.1 413 /);
      expect(await count()).toBe(before + 1);
    }));

  test.each<[what: string, length: (sent: string) => string[], status: number | null]>([
    ["longer than announced", (sent) => [`Content-Length: ${sent.length - 1}`], 400],
    ["with two lengths", (sent) => [`Content-Length: ${sent.length}`, `Content-Length: 1`], 400],
    ["with a length that is no number", () => ["Content-Length: many"], 400],
    [
      "with a length and in chunks",
      (sent) => [`Content-Length: ${sent.length}`, "Transfer-Encoding: chunked"],
      400,
    ],
    ["announced as huge", () => ["Content-Length: 1000000000"], 413],
    ["without a length", () => [], 400],
  ])("%s", async (_, length, status) => {
    await within({}, async (url) => {
      const before = await count();
      const sent = JSON.stringify(harmless());
      const answer = await raw(url, head(...length(sent), `Stripe-Signature: ${sign(sent)}`), sent);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(await count()).toBe(before);
    });
  });

  test("cut off in the middle is not stored", () =>
    within({}, async (url) => {
      const before = await count();
      const sent = JSON.stringify(harmless());
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      socket.write(
        head(`Content-Length: ${sent.length}`, `Stripe-Signature: ${sign(sent)}`) + sent.slice(0, 50),
      );
      setTimeout(() => socket.destroy(), 50);
      await once(socket, "close");
      expect((await send(url, harmless())).status).toBe(204);
      expect(await count()).toBe(before + 1);
    }));

  test.each<[what: string, headers: (sent: string) => string[], status: number, stored: number]>([
    ["another content type", () => ["Content-Type: text/plain"], 204, 1],
    ["a content type of nonsense", () => ["Content-Type: \u0001;;;"], 400, 0],
    ["two content types", () => ["Content-Type: text/html", "Content-Type: application/json"], 204, 1],
    ["the signature twice", (sent) => [`Stripe-Signature: ${sign(sent)}`], 400, 0],
    ["a wrong signature beside it", () => [`Stripe-Signature: t=1,v1=${"0".repeat(64)}`], 400, 0],
    ["an endless header", () => [`X-Pad: ${"x".repeat(20_000)}`], 431, 0],
    ["addresses that it forwards", () => ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: evil"], 204, 1],
  ])("with %s", async (_, headers, status, stored) => {
    await within({}, async (url) => {
      const before = await count();
      const sent = JSON.stringify(harmless());
      const own = [`Content-Length: ${sent.length}`, `Stripe-Signature: ${sign(sent)}`];
      expect(await raw(url, head(...own, ...headers(sent)), sent)).toMatch(
        new RegExp(`^HTTP/1\\.1 ${status} `),
      );
      expect(await count()).toBe(before + stored);
    });
  });

  test("an address that the sender claims does not count as another", () =>
    within({ unverified: 2 }, async (url) => {
      const statuses = [];
      for (let i = 0; i < 4; i++) {
        const claimed = head(
          "Content-Length: 2",
          `X-Forwarded-For: 203.0.113.${i}`,
          "Stripe-Signature: t=1,v1=0",
        );
        statuses.push(/^HTTP\/1\.1 (\d+)/.exec(await raw(url, claimed, "{}"))?.[1]);
      }
      expect(statuses).toEqual(["400", "400", "429", "429"]);
    }));
});
