import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { replay, type ReplayOptions } from "../../scripts/replay/replay.ts";
import type { ReplayReport } from "../../scripts/replay/report.ts";
import { builtEntry } from "../helpers/built.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

const ROOT = resolve(import.meta.dirname, "../..");

let service: TestService;
let database: pg.Client;
beforeAll(async () => {
  service = await startTestService();
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await service?.end();
});

const play = (options: ReplayOptions = {}) => replay({ url: service.url, ...options });

/** What must be looked at when something is not as expected. */
const troubles = (report: ReplayReport) => [...report.events, ...report.orders].filter(({ ok }) => !ok);

/** Everything that a replay could change: orders, trail, engine, mail, the provider's money. */
async function everything() {
  const rows = async (text: string) => (await database.query<Record<string, unknown>>(text)).rows;
  const ledger = await fetch(`${service.providerUrl}/_mock/ledger?limit=1000`);
  return {
    orders: await rows(
      "select id, state, status, entries, head_hash, segment, segment_open from countersign.orders order by id",
    ),
    trail: await rows("select order_id, seq, id, type from countersign.audit_index order by order_id, seq"),
    approvals: await rows("select id, status, state from countersign.approvals order by id"),
    inbox: await rows("select id, event_id, state, order_id from countersign.inbound_webhooks order by id"),
    messages: await rows(
      "select count(*), count(*) filter (where consumed) as consumed from dbos.notifications",
    ),
    ledger: await ledger.json(),
    mails: ((await (await fetch(`${service.url}/dev/mailbox.json`)).json()) as unknown[]).length,
  };
}

test("replaying the whole set twice changes nothing", async () => {
  const first = await play();
  expect(troubles(first)).toEqual([]);
  expect(first.counts.answers).toEqual({ "original 204": first.events.length });
  // the mail for the order that waits is sent before the picture is taken
  await service.mail("finance@example.com", (mail) => mail.subject.includes("PO-2003"));
  const before = await everything();
  const second = await play({ shuffle: true, duplicate: 0.3, seed: 5 });
  expect(troubles(second)).toEqual([]);
  expect(second.orders).toEqual(first.orders);
  expect(second.events.every(({ duplicates }) => duplicates >= 1)).toBe(true);
  expect(await everything()).toEqual(before);
});

test("shuffled and duplicated input leaves the same end states", { timeout: 120_000 }, async () => {
  const ends = ({ orders }: ReplayReport) =>
    orders.map(({ scenario, status, amount_captured, amount_refunded }) => ({
      ...{ scenario, status, amount_captured, amount_refunded },
    }));
  const calm = await play();
  for (const seed of [1, 2, 3, 4]) {
    const wild = await play({ set: `seed-${seed}`, shuffle: true, seed, duplicate: 0.5 });
    expect(troubles(wild), `seed ${seed}`).toEqual([]);
    expect(ends(wild)).toEqual(ends(calm));
  }
});

test("altered and outdated copies are refused and leave no trace", async () => {
  const report = await play({ set: "tampered", tamper: true });
  expect(troubles(report)).toEqual([]);
  const events = report.events.length;
  expect(report.counts.answers).toEqual({
    "original 204": events,
    "stale 400": events,
    "tampered 400": events,
  });
  expect(report.events.every(({ duplicates }) => duplicates === 0)).toBe(true);
});

test("the bytes of a body are stored as they were sent", async () => {
  const report = await play({ set: "bytes", paths: [resolve(ROOT, "fixtures/webhooks/paid-exact-bytes")] });
  const { rows } = await database.query<{ body: Buffer }>(
    "select body from countersign.inbound_webhooks where event_id = any($1) and type = 'payment_intent.succeeded'",
    [report.events.map(({ event_id }) => event_id)],
  );
  expect(rows[0]?.body.toString()).toContain('"description": "B\\u00fcrostuhl „Ergo“ 😀"');
  expect(rows[0]?.body.toString()).toMatch(/\n\}\n$/);
});

test("a single webhook is sent to the order that is named", async () => {
  const order = await service.create({ amount: 4990 });
  const file = resolve(ROOT, "fixtures/webhooks/paid/04-payment_intent.succeeded.json");
  const report = await play({ paths: [file], order: order.id });
  expect(report).toMatchObject({ ok: true, events: [{ order_id: order.id, state: "routed" }] });
  await service.reached(order.id, "completed");
});

/** As a person runs it; without blocking this process, which is the service. */
async function run(...args: string[]) {
  const command = [...builtEntry("cli"), "replay", "--url", service.url, ...args];
  const child = spawn(process.execPath, command, { cwd: ROOT });
  const exited = once(child, "exit") as Promise<[number | null]>;
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { status, stdout, stderr };
}

test("the command tells a person what happened, and a program in JSON", async () => {
  const human = await run("fixtures/webhooks/refunded");
  expect(human).toMatchObject({ status: 0, stderr: "" });
  expect(human.stdout).toMatch(/07-charge\.refunded\.json +routed/);
  expect(human.stdout).toContain("1 of 1 orders as expected");
  const json = await run("--json", "fixtures/scenarios/refunded.json");
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, orders: [{ status: "refunded" }] });
});

test("the command tells the shell by its exit code", { timeout: 90_000 }, async () => {
  expect(await run("--duplicate", "2")).toMatchObject({ status: 2 });
  expect(await run("--nonsense")).toMatchObject({ status: 2 });
  expect(await run("--url", "http://127.0.0.1:1")).toMatchObject({ status: 1 });
  // signed with a secret that the service does not know
  const foreign = ["--set", "foreign", "--secret", "whsec_foreign", "--wait", "1", "fixtures/webhooks/paid"];
  expect(await run(...foreign)).toMatchObject({ status: 1 });
});
