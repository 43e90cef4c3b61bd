import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { openServers, type Server, type Servers } from "./postgres.ts";
import { figures, ledger, openStage, unrest, type Member, type Stage } from "./stage.ts";

let servers: Servers;
let server: Server;
let stage: Stage;
let member: Member;
const others: pg.Client[] = [];

beforeAll(async () => {
  servers = openServers();
  server = await servers.create({ max_connections: "40" });
  await server.sql("create database countersign");
  stage = await openStage({ url: server.url("countersign") });
  member = await stage.member();
  await member.start();
}, 90_000);
afterEach(async () => {
  await Promise.all(others.splice(0).map((client) => client.end()));
});
afterAll(async () => {
  await stage?.end();
  await servers?.end();
});

let keys = 0;

const CLIENTS = 6;
/** For how long the trouble lasts. */
const TROUBLE_MS = Number(process.env["OVERLOAD_MS"] ?? 4_000);
/** The longest that anybody waits for an answer, whatever it is. */
const ANSWER_WITHIN_MS = 15_000;
const AGAIN_WITHIN_MS = 10_000;

/**
 * Orders are made before, during and after some trouble, with one try each. Whoever is told 201 has an order that ends once;
 * everybody else is told when to come again.
 */
async function through(trouble: () => Promise<void>): Promise<void> {
  const made: { id: string; at: number }[] = [];
  const times: number[] = [];
  const statuses = new Map<number, number>();
  const wrong: string[] = [];
  let going = true;
  const client = async (n: number) => {
    for (let i = 0; going; i++) {
      const began = performance.now();
      const answer = await fetch(`${member.url}/v1/orders`, {
        method: "POST",
        headers: {
          ...{ authorization: "Bearer ck_dev", "content-type": "application/json" },
          "idempotency-key": `overload-${++keys}`,
        },
        body: JSON.stringify({
          ...{ reference: `PO-${n}-${i}`, amount: 1250, currency: "usd" },
          payment: { mode: "confirm", payment_method: "pm_card_visa" },
        }),
      });
      const text = await answer.text();
      times.push(performance.now() - began);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status === 201) made.push({ id: (JSON.parse(text) as OrderView).id, at: Date.now() });
      else {
        // "Not now", with when to come again, and nothing else.
        if (answer.status !== 503 || !/^\d+$/.test(answer.headers.get("retry-after") ?? ""))
          wrong.push(`${answer.status} ${text}`);
        await sleep(50);
      }
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(n));
  let again: number;
  try {
    await sleep(500);
    await trouble();
    const over = Date.now();
    await member.client.until(
      () => Promise.resolve(made.filter(({ at }) => at > over)),
      (after) => after.length >= CLIENTS,
      AGAIN_WITHIN_MS,
    );
    again = (made.find(({ at }) => at > over)?.at ?? over) - over;
  } finally {
    going = false;
    await Promise.all(clients);
  }
  console.log(
    `answers ${JSON.stringify(Object.fromEntries(statuses))} in ${figures(times)}; first order ${again} ms after the trouble`,
  );
  expect(wrong).toEqual([]);
  expect(Math.max(...times)).toBeLessThan(ANSWER_WITHIN_MS);
  expect(await unrest(stage, 30_000)).toEqual([]);
  const books = await ledger(stage);
  for (const { id } of made) expect(books.get(id)).toMatchObject([{ captured: 1250, captures: 1 }]);
  const { rows: orders } = await stage.sql.query<{ id: string; status: string }>(
    "select id, status from countersign.orders",
  );
  expect([...new Set(orders.map(({ status }) => status))]).toEqual(["completed"]);
  const known = new Set(orders.map(({ id }) => id));
  expect(made.filter(({ id }) => !known.has(id))).toEqual([]);
  expect([...books.keys()].filter((id) => !known.has(id))).toEqual([]);
  expect(member.process().output()).not.toMatch(/ended with an error/);
  expect((await member.client.call("GET", "/readyz")).status).toBe(200);
}

/** Ends all that the service has open at the server. */
const endSessions = (client: pg.Client) =>
  client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name like 'countersign%' and datname = 'countersign'`,
  );

async function open(database: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url(database) });
  client.on("error", () => {});
  await client.connect();
  others.push(client);
  return client;
}

/** Takes every connection that the server has left. */
async function takeAll(): Promise<void> {
  for (;;) {
    const taken = await open("postgres").then(
      () => true,
      () => false,
    );
    if (!taken) return;
  }
}

test("others take every connection of the server for some seconds", { timeout: 90_000 }, () =>
  through(async () => {
    const ender = await open("countersign");
    await takeAll();
    await endSessions(ender);
    // What has become free is taken as well, as far as the service is not faster.
    await takeAll();
    await sleep(TROUBLE_MS);
    await Promise.all(others.splice(0).map((client) => client.end()));
  }),
);

test("all its sessions are ended at once, twice", { timeout: 90_000 }, () =>
  through(async () => {
    const ender = await open("countersign");
    for (let i = 0; i < 2; i++) {
      expect((await endSessions(ender)).rowCount).toBeGreaterThan(3);
      await sleep(500);
    }
  }),
);

test("a lock on the orders' table stops everything for some seconds", { timeout: 90_000 }, () =>
  through(async () => {
    const locker = await open("countersign");
    await locker.query("begin");
    await locker.query("lock table countersign.orders in access exclusive mode");
    await sleep(TROUBLE_MS + 3_000);
    const waiting = await locker.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'",
    );
    expect(waiting.rows[0]?.n).toBeGreaterThan(0);
    // The lease has a connection of its own: who waits is not taken for dead.
    expect(
      (await member.client.call<{ checks: { lease: object } }>("GET", "/readyz")).body.checks.lease,
    ).toEqual({ ok: true });
    await locker.query("commit");
  }),
);
