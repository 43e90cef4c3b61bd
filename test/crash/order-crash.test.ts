import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { pino } from "pino";
import Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import { entryHash, GENESIS } from "../../src/domain/audit-chain.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { startMockProvider, type MockProvider } from "../../src/mock-provider/server.ts";
import { createDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import type { Mail } from "../helpers/service.ts";

/** One provider that outlives them all; every case has an account of its own there. */
let provider: MockProvider;
let providerDir: string;
beforeAll(async () => {
  providerDir = await mkdtemp(join(tmpdir(), "countersign-provider-"));
  const log = pino({ level: "silent" });
  provider = await startMockProvider({ port: 0, host: "127.0.0.1", dataDir: providerDir, log });
});
afterAll(async () => {
  await provider?.stop();
  await rm(providerDir, { recursive: true, force: true });
});

let cases = 0;

/** A service that may be killed, on its own database, with its own account at the provider. */
async function openCase() {
  const number = ++cases;
  const [database, port, dataDir] = await Promise.all([
    createDatabase(),
    freePort(),
    mkdtemp(join(tmpdir(), "countersign-crash-")),
  ]);
  const url = `http://127.0.0.1:${port}`;
  const apiKey = `sk_test_crash_${number}`;
  const { port: providerPort } = new URL(provider.url);
  const stripe = new Stripe(apiKey, {
    host: "127.0.0.1",
    port: providerPort,
    protocol: "http",
    telemetry: false,
  });
  const hook = await stripe.webhookEndpoints.create({ url: `${url}/webhooks/stripe`, enabled_events: ["*"] });
  const sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
  const env = {
    PORT: String(port),
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    STRIPE_API_KEY: apiKey,
    STRIPE_API_BASE: provider.url,
    STRIPE_WEBHOOK_SECRETS: hook.secret ?? "",
    LOG_LEVEL: "error",
  };
  let running: ServiceProcess | null = null;
  return {
    url,
    apiKey,
    sql,
    /** Null when the fault struck before it was ready. */
    async start(fault?: string): Promise<ServiceProcess | null> {
      // Its predecessor is dead for certain: the lease need not run out, which would only take time.
      await sql.query("update countersign.executors set lease_until = now() - interval '1 minute'");
      running = await startProcess({ ...env, ...(fault === undefined ? {} : { FAULT_POINT: fault }) });
      return running;
    },
    async close() {
      await running?.end("SIGKILL");
      await sql.end();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

type Case = Awaited<ReturnType<typeof openCase>>;

/** Repeats a request until the service answers it for good, as a client does whose connection breaks. */
async function insist(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const response = await fetch(url, {
        ...init,
        signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
      });
      if (response.status < 500 && response.status !== 409) return response;
      await response.text();
    } catch {
      signal.throwIfAborted();
    }
    await sleep(50);
  }
}

interface Story {
  /** What the approver presses. */
  decision: "approve" | "reject";
  refund: boolean;
  end: string;
}

const APPROVED: Story = { decision: "approve", refund: false, end: "completed" };
const REJECTED: Story = { decision: "reject", refund: false, end: "rejected" };
const REFUNDED: Story = { decision: "approve", refund: true, end: "partially_refunded" };

const AMOUNT = 125_000;
const REFUND = 20_000;

/** What merchant, customer and approver do, not knowing that anything was killed. */
async function live(
  { url, apiKey }: Case,
  reference: string,
  story: Story,
  signal: AbortSignal,
): Promise<OrderView> {
  const auth = { authorization: "Bearer ck_dev", "content-type": "application/json" };
  const until = async <T>(path: string, found: (body: T) => boolean): Promise<T> => {
    for (;;) {
      const response = await insist(url + path, { headers: auth }, signal);
      const body = (await response.json()) as T;
      if (found(body)) return body;
      await sleep(30);
    }
  };
  const post = async <T>(path: string, key: string, body: unknown): Promise<T> => {
    const init = { method: "POST", headers: { ...auth, "idempotency-key": key }, body: JSON.stringify(body) };
    const response = await insist(url + path, init, signal);
    expect(response.status).toBe(201);
    return (await response.json()) as T;
  };

  const order = { reference, amount: AMOUNT, currency: "usd", requested_by: "sam@example.com" };
  const created = await post<OrderView>("/v1/orders", `order:${reference}`, order);
  const path = `/v1/orders/${created.id}`;
  // A customer who sees no page yet comes again.
  const open = await until<OrderView>(path, ({ payment }) => payment.session_id !== null);
  await insist(
    `${provider.url}/_mock/checkout/${open.payment.session_id}/pay`,
    {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}` },
      body: JSON.stringify({ payment_method: "pm_card_visa" }),
    },
    signal,
  );
  const asks = ({ subject }: Mail) => subject.includes(reference);
  const mails = await until<Mail[]>("/dev/mailbox.json?to=finance@example.com", (all) => all.some(asks));
  const mail = mails.find(asks);
  const form = new URLSearchParams({ decision: story.decision, comment: "as agreed" });
  await insist(mail?.links[0] ?? "", { method: "POST", body: form }, signal);
  const ended = await until<OrderView>(path, ({ status }) =>
    ["completed", "rejected", "failed"].includes(status),
  );
  if (!story.refund) return ended;
  await post(`${path}/refunds`, `refund:${reference}`, { amount: REFUND, reason: "one was broken" });
  return until<OrderView>(path, ({ status }) => status === story.end);
}

/** What must be true of one order afterwards, however often it was killed. */
async function auditOrder({ url, apiKey, sql }: Case, order: OrderView, story: Story): Promise<void> {
  expect(order.status).toBe(story.end);
  const { data } = (await (
    await fetch(`${provider.url}/_mock/ledger?limit=1000`, { headers: { authorization: `Bearer ${apiKey}` } })
  ).json()) as { data: { metadata: Record<string, string> }[] };
  const taken = story.decision === "approve" ? AMOUNT : 0;
  const returned = story.refund ? REFUND : 0;
  expect(data.filter(({ metadata }) => metadata["order_id"] === order.id)).toMatchObject([
    {
      payment_intent: order.payment.id,
      authorized: AMOUNT,
      captured: taken,
      captures: taken ? 1 : 0,
      voided: AMOUNT - taken,
      refunded: returned,
      refunds: returned ? 1 : 0,
    },
  ]);

  const mails = (await (await fetch(`${url}/dev/mailbox.json`)).json()) as Mail[];
  for (const approver of ["finance@example.com", "controller@example.com"]) {
    const asked = mails.filter(
      ({ to, subject, text }) =>
        to === approver &&
        subject.includes(order.reference) &&
        text.includes("/a/") &&
        !/^re:/i.test(subject),
    );
    expect(new Set(asked.map(({ message_id }) => message_id)).size, approver).toBe(1);
    expect(new Set(asked.map(({ links }) => links[0])).size, approver).toBe(1);
  }

  const { rows } = await sql.query<{ value: string }>(
    `select s.value from countersign.audit_index i
       join dbos.streams s on s.workflow_uuid = i.workflow_id and s.key = 'audit' and s."offset" = i.stream_offset
      where i.order_id = $1 order by i.seq`,
    [order.id],
  );
  const trail = rows.map(({ value }) => JSON.parse(value) as AuditEntry);
  expect(trail.map(({ seq }) => seq)).toEqual(trail.map((_, i) => i));
  trail.forEach((entry, i) => {
    expect(entry.prev_hash).toBe(trail[i - 1]?.hash ?? GENESIS);
    expect(entryHash(entry)).toBe(entry.hash);
  });
  const told = (type: string) => trail.filter((entry) => entry.type === type).length;
  expect({
    created: told("order.created"),
    captured: told("payment.captured"),
    voided: told("payment.voided"),
    votes: told("approval.voted"),
  }).toMatchObject({ created: 1, captured: taken ? 1 : 0, voided: taken ? 0 : 1 });
}

/** Everything comes to rest: nothing unread, no workflow under way, none that broke. */
async function restless({ sql }: Case): Promise<string[]> {
  const { rows } = await sql.query<{ what: string }>(
    `select 'unread ' || message_uuid as what from dbos.notifications where consumed = false
     union all select status || ' ' || workflow_uuid from dbos.workflow_status where status <> 'SUCCESS'
     union all select 'open ' || id from countersign.orders where segment_open
     union all select 'open ' || id from countersign.approvals where segment_open`,
  );
  return rows.map(({ what }) => what);
}

/** What has not come to rest within 40 s. Once it has, a webhook that the provider sends again may disturb it for a moment. */
async function unrest(service: Case): Promise<string[]> {
  for (let i = 0; ; i++) {
    const left = await restless(service);
    if (left.length === 0 || i === 400) return left;
    await sleep(100);
  }
}

const WITHIN_MS = 280_000;

/**
 * Orders live one after the other, each a story, while `torment` starts and kills the service; it is started once more for
 * the last of them, and then everything is looked at.
 */
async function survive(stories: Story[], torment: (service: Case) => Promise<void>): Promise<void> {
  const service = await openCase();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(WITHIN_MS)]);
  let tormenting = true;
  const lives = async () => {
    const lived: [OrderView, Story][] = [];
    for (let i = 0; tormenting || i < stories.length; i++) {
      const story = stories[i % stories.length] ?? APPROVED;
      lived.push([await live(service, `PO-crash-${i}`, story, signal), story]);
    }
    return lived;
  };
  const tormented = async () => {
    await torment(service);
    tormenting = false;
    await service.start();
  };
  try {
    const [lived] = await Promise.all([lives(), tormented()]);
    expect(await unrest(service)).toEqual([]);
    for (const [order, story] of lived) await auditOrder(service, order, story);
  } finally {
    stop.abort();
    await service.close();
  }
}

/** Killed at each of these points, one after the other: each start is also the recovery from the kill before. */
const at =
  (points: string[]) =>
  async (service: Case): Promise<void> => {
    for (const point of points) {
      const running = await service.start(point);
      const end = running ? await running.ended : null;
      expect(end?.signal ?? "SIGKILL", point).toBe("SIGKILL");
    }
  };

/** Killed at any time, again and again. */
const anytime =
  (seed: number, kills: number) =>
  async (service: Case): Promise<void> => {
    const random = generator(seed);
    for (let i = 0; i < kills; i++) {
      const running = await service.start();
      await sleep(random() * 1_500);
      await running?.end("SIGKILL");
    }
  };

/** A small seeded generator (mulberry32), so that a failure can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const around = (...names: string[]) => names.flatMap((name) => [`${name}:before`, `${name}:after`]);
const publishes = (most: number) => around(...Array.from({ length: most }, (_, i) => `publish#${i + 1}`));

const OF_APPROVED = around(
  "open_payment",
  "open_approval",
  "mail",
  "mail#2",
  "report",
  "report#2",
  "capture",
);
const OF_OTHERS = [...around("void"), ...around("refund")];

/** As many as an order and its approval publish together when nothing is killed. */
const MOST = 10;

const all = process.env["CRASH_CASES"] === "all";
const timeout = WITHIN_MS + 30_000;

describe.concurrent("killed between any two effects, every order ends once and right", () => {
  test("at every effect of an approved order", { timeout }, () => survive([APPROVED], at(OF_APPROVED)));
  test("at a void and a refund", { timeout }, () => survive([REJECTED, REFUNDED], at(OF_OTHERS)));
  // By default before the odd ones and after the even ones.
  test("at every commit", { timeout }, () =>
    survive(
      [APPROVED, REJECTED, REFUNDED],
      at(publishes(MOST).filter((_, i) => all || i % 4 === 0 || i % 4 === 3)),
    ),
  );
  test.each(all ? Array.from({ length: 10 }, (_, i) => i) : [1])(
    "at any time, seed %i",
    { timeout },
    (seed) => survive([APPROVED, REJECTED, REFUNDED], anytime(seed, 4)),
  );

  if (!all) return;
  // Each alone, on an order that was never killed before.
  for (const point of [...OF_APPROVED, ...publishes(MOST)])
    test(`approved, at ${point}`, { timeout }, () => survive([APPROVED], at([point])));
  for (const point of [...around("void", "report"), ...publishes(MOST)])
    test(`rejected, at ${point}`, { timeout }, () => survive([REJECTED], at([point])));
  for (const point of [...around("refund"), ...publishes(MOST)])
    test(`refunded, at ${point}`, { timeout }, () => survive([REFUNDED], at([point])));
});
