import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { followTrail } from "../../src/cli/trail.ts";
import { figures, openStage, type Member, type Stage } from "./stage.ts";

let stage: Stage;
let a: Member;
let b: Member;

beforeAll(async () => {
  stage = await openStage();
  [a, b] = [await stage.member(), await stage.member()];
  await Promise.all([a.start(), b.start()]);
}, 90_000);
afterAll(() => stage?.end());

const ROUNDS = Number(process.env["NOTIFICATION_ROUNDS"] ?? 6);
const WITHIN_MS = 3_000;

/** Ends every listening session, again and again, so that nobody hears anything. */
function deafen(): { killed(): number; stop(): Promise<void> } {
  let killed = 0;
  let going = true;
  const loop = (async () => {
    while (going) {
      const { rowCount } = await stage.sql.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%'`,
      );
      killed += rowCount ?? 0;
      await sleep(50);
    }
  })();
  return {
    killed: () => killed,
    async stop() {
      going = false;
      await loop;
    },
  };
}

test(
  "while nobody hears a notification, messages, waiters and followers are late and never left behind",
  { timeout: 60_000 },
  async () => {
    const orders = await Promise.all(
      Array.from({ length: ROUNDS }, (_, n) => a.client.create({ reference: `PO-${n}` })),
    );
    const heard = new Map<string, number>();
    const sent = new Map<string, number>();
    const following = orders.map(({ id }) =>
      followTrail({
        ...{ url: b.url, key: "ck_dev", orderId: id, color: false, json: true, follow: true },
        write: (text) => {
          for (const [, note] of text.matchAll(/"(note-\d+)"/g))
            if (note && !heard.has(note)) heard.set(note, performance.now());
        },
      }),
    );
    await sleep(500);
    const deaf = deafen();
    const taken: number[] = [];
    const followed: number[] = [];
    const waited: number[] = [];
    try {
      await sleep(300);
      await Promise.all(
        orders.map(async ({ id }, n) => {
          await sleep(n * 150);
          const note = `note-${n}`;
          const began = performance.now();
          sent.set(note, began);
          const answer = await b.client.call("POST", `/v1/orders/${id}/messages`, {
            topic: "note",
            message: { text: note },
          });
          expect(answer.status).toBe(202);
          await a.client.until(
            async () =>
              (
                await stage.sql.query(
                  "select 1 from dbos.notifications where destination_uuid = $1 and not consumed",
                  [id],
                )
              ).rowCount,
            (left) => left === 0,
          );
          taken.push(performance.now() - began);
          await a.client.until(
            () => Promise.resolve(heard.get(note)),
            (at) => at !== undefined,
          );
          followed.push((heard.get(note) ?? 0) - began);
        }),
      );
      // And whoever waits at one process for what happens at the other.
      await Promise.all(
        orders.map(async ({ id }) => {
          const waiting = fetch(`${b.url}/v1/orders/${id}/events/result?timeout=20`, {
            headers: { authorization: "Bearer ck_dev" },
          });
          await a.client.call("POST", `/v1/orders/${id}/cancel`, { reason: "enough" });
          await a.client.reached(id, "cancelled");
          const done = performance.now();
          expect((await waiting).status).toBe(200);
          waited.push(Math.max(0, performance.now() - done));
        }),
      );
    } finally {
      await deaf.stop();
    }
    console.log(`${deaf.killed()} listening sessions ended; messages taken: ${figures(taken)}`);
    console.log(
      `seen by followers at the other process: ${figures(followed)}; by those who waited there: ${figures(waited)}`,
    );
    expect(deaf.killed()).toBeGreaterThan(2);
    expect(Math.max(...taken)).toBeLessThan(WITHIN_MS);
    expect(Math.max(...followed)).toBeLessThan(WITHIN_MS + 1_500);
    expect(Math.max(...waited)).toBeLessThan(1_500);
    await Promise.all(following);

    // Heard again, nothing is late any more.
    const order = await a.client.create({ reference: "PO-heard" });
    await sleep(4_000);
    const began = performance.now();
    await b.client.call("POST", `/v1/orders/${order.id}/cancel`, { reason: "enough" });
    await b.client.reached(order.id, "cancelled");
    console.log(`cancelled once notifications are heard again: ${Math.round(performance.now() - began)} ms`);
    const listening = await stage.sql.query(
      "select 1 from pg_stat_activity where datname = current_database() and query ilike 'listen%'",
    );
    expect(listening.rowCount).toBe(2);
  },
);
