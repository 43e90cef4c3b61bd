import { setTimeout as sleep } from "node:timers/promises";
import Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { openServers, type Server, type Servers } from "./postgres.ts";
import { ledger, openStage, unrest, type Member, type Stage } from "./stage.ts";

let servers: Servers;
let primary: Server;
let standby: Server;
let stage: Stage;
let members: Member[];

beforeAll(async () => {
  servers = openServers();
  primary = await servers.create();
  await primary.sql("create database countersign");
  standby = await servers.createStandby(primary);
  stage = await openStage({
    url: `postgresql://postgres@${primary.address},${standby.address}/countersign?target_session_attrs=read-write`,
  });
  members = [await stage.member(), await stage.member()];
  for (const member of members) await member.start();
}, 120_000);
afterAll(async () => {
  await stage?.end();
  await servers?.end();
});

/** How long orders are made before and after the primary dies. */
const BEFORE_MS = Number(process.env["FAILOVER_BEFORE_MS"] ?? 2_500);
const AFTER_MS = Number(process.env["FAILOVER_AFTER_MS"] ?? 2_500);
const CLIENTS = 4;

test(
  "the primary dies under load, its standby takes over, and nothing that was acknowledged is lost",
  { timeout: 90_000 + BEFORE_MS + AFTER_MS },
  async () => {
    const accepted: { id: string; at: number }[] = [];
    const noted: { order: string; note: string }[] = [];
    const refused = new Map<number, number>();
    const slowest = { ms: 0 };
    let going = true;
    /** Made once: an answer that did not come is not repeated, so that what was acknowledged is known exactly. */
    const post = async (member: Member, path: string, key: string, body: unknown) => {
      const began = performance.now();
      const answer = await fetch(member.url + path, {
        method: "POST",
        headers: {
          ...{ authorization: "Bearer ck_dev", "content-type": "application/json" },
          "idempotency-key": key,
        },
        body: JSON.stringify(body),
      });
      const text = await answer.text();
      slowest.ms = Math.max(slowest.ms, performance.now() - began);
      if (!answer.ok) {
        refused.set(answer.status, (refused.get(answer.status) ?? 0) + 1);
        if (answer.status === 503) expect(answer.headers.get("retry-after")).not.toBeNull();
        await sleep(100);
        return null;
      }
      return { status: answer.status, text };
    };
    const client = async (n: number) => {
      for (let i = 0; going; i++) {
        const member = members[(n + i) % members.length]!;
        const made = await post(member, "/v1/orders", `order:${n}:${i}`, {
          ...{ reference: `PO-${n}-${i}`, amount: 1250, currency: "usd" },
          payment: { mode: "confirm", payment_method: "pm_card_visa" },
        });
        if (!made) continue;
        const { id } = JSON.parse(made.text) as OrderView;
        accepted.push({ id, at: Date.now() });
        const note = `note ${n}:${i}`;
        const told = await post(member, `/v1/orders/${id}/messages`, `note:${n}:${i}`, {
          ...{ topic: "note", message: { text: note } },
        });
        if (told) noted.push({ order: id, note });
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, n) => client(n));
    await sleep(BEFORE_MS);
    const died = Date.now();
    await primary.kill();
    await sleep(300);
    await standby.sql("select pg_promote(true, 30)");
    const promoted = Date.now() - died;
    const back = async () => {
      for (;;) {
        const first = accepted.find(({ at }) => at > died + promoted);
        if (first) return first.at - died;
        await sleep(20);
      }
    };
    const again = await back();
    await sleep(AFTER_MS);
    going = false;
    await Promise.all(clients);
    const before = accepted.filter(({ at }) => at < died).length;
    console.log(
      `${before} orders before the primary died, ${accepted.length - before} after; standby promoted after ${promoted} ms, ` +
        `first order after ${again} ms; refused ${JSON.stringify([...refused])}, slowest answer ${Math.round(slowest.ms)} ms`,
    );
    expect(before).toBeGreaterThan(0);
    // Nothing but "not now" was answered to those who could not be served.
    expect([...refused.keys()].filter((status) => status !== 503)).toEqual([]);
    expect(slowest.ms).toBeLessThan(15_000);

    // A workflow that was cut off goes on, so every acknowledged order ends, once.
    expect(await unrest(stage, 40_000)).toEqual([]);
    const books = await ledger(stage);
    const { rows } = await stage.sql.query<{ id: string; status: string }>(
      "select id, status from countersign.orders where id = any($1)",
      [accepted.map(({ id }) => id)],
    );
    expect(rows).toHaveLength(accepted.length);
    expect([...new Set(rows.map(({ status }) => status))]).toEqual(["completed"]);
    for (const { id } of accepted) expect(books.get(id)).toMatchObject([{ captured: 1250, captures: 1 }]);
    // Nor was anything charged of which nobody knows.
    const { rows: known } = await stage.sql.query<{ id: string }>("select id from countersign.orders");
    expect([...books.keys()].filter((id) => !known.some((order) => order.id === id))).toEqual([]);

    const trails = new Map<string, string>();
    for (const { order, note } of noted) {
      const trail = trails.get(order) ?? JSON.stringify(await members[0]!.client.trail(order));
      trails.set(order, trail);
      expect(trail, note).toContain(note);
    }
    // What the provider was told 204 about is there.
    const stripe = new Stripe("sk_test_mock", {
      ...{ host: "127.0.0.1", port: new URL(stage.provider.url).port, protocol: "http", telemetry: false },
    });
    const { rows: stored } = await stage.sql.query<{ event_id: string }>(
      "select event_id from countersign.inbound_webhooks",
    );
    const inbox = new Set(stored.map(({ event_id }) => event_id));
    const told: string[] = [];
    for await (const event of stripe.events.list({ delivery_success: true, limit: 100 })) told.push(event.id);
    expect(told.filter((id) => !inbox.has(id))).toEqual([]);
    console.log(
      `${accepted.length} orders, ${noted.length} notes and ${told.length} webhooks acknowledged, none lost`,
    );
    for (const member of members) {
      expect((await member.client.call("GET", "/readyz")).status).toBe(200);
      expect(member.process().output()).not.toMatch(/ended with an error/);
    }
  },
);
