import { randomUUID } from "node:crypto";
import { DBOS } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entryHash, GENESIS } from "../../src/domain/audit-chain.ts";
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

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

const CARD = { mode: "confirm", payment_method: "pm_card_visa" };

const note = (id: string, text: string, key = randomUUID()) =>
  service.call(
    "POST",
    `/v1/orders/${id}/messages`,
    { topic: "note", message: text },
    { "idempotency-key": key },
  );

/** The whole trail, page by page. */
async function trail(id: string, readable = false): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (let more = true; more;) {
    const after = entries.at(-1)?.seq ?? -1;
    const { body } = await service.call<{ data: AuditEntry[]; has_more: boolean }>(
      "GET",
      `/v1/orders/${id}/audit?limit=100&readable=${readable}&after_seq=${after}`,
    );
    entries.push(...body.data);
    more = body.has_more;
  }
  return entries;
}

const notes = async (id: string): Promise<unknown[]> =>
  (await trail(id, true)).filter((entry) => entry.type.startsWith("note")).map((entry) => entry.data["text"]);

function expectChain(entries: AuditEntry[]): void {
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i));
  entries.forEach((entry, i) => {
    expect(entry.prev_hash).toBe(entries[i - 1]?.hash ?? GENESIS);
    expect(entryHash(entry)).toBe(entry.hash);
  });
}

/** No segment open, and nothing unread. */
const atRest = (ids: string[]) =>
  service.until(
    async () => {
      const { rows } = await database.query<{ n: number }>(
        `select (select count(*) from countersign.orders where id = any($1) and segment_open)::int
              + (select count(*) from dbos.notifications where consumed = false and split_part(destination_uuid, ':', 1) = any($1))::int as n`,
        [ids],
      );
      return rows[0]?.n;
    },
    (open) => open === 0,
    20_000,
  );

test("messages of one millisecond, and of one transaction, are all taken", async () => {
  const { id } = await service.create();
  await database.query(
    `insert into dbos.notifications (destination_uuid, topic, message, serialization, message_uuid, created_at_epoch_ms)
     select $1, 'message', json_build_object('type', 'note', 'actor', json_build_object('type', 'api', 'id', 'test'),
              'text', 'n' || n)::text, 'portable_json', 'same-ms-' || n || $1, 1000
       from generate_series(1, 20) as n`,
    [id],
  );
  const taken = await service.until(
    () => notes(id),
    (all) => all.length >= 20,
  );
  expect(taken.sort()).toEqual(Array.from({ length: 20 }, (_, i) => `n${i + 1}`).sort());
});

test("a note that is sent again with its key is taken once", async () => {
  const { id } = await service.create();
  const key = randomUUID();
  await Promise.all(Array.from({ length: 10 }, () => note(id, "once", key)));
  await note(id, "last");
  await service.until(
    () => notes(id),
    (all) => all.includes("last"),
  );
  expect((await notes(id)).filter((text) => text === "once")).toEqual(["once"]);
});

test("a message that comes while its order ends is never lost", { timeout: 90_000 }, async () => {
  const rounds = 12;
  const each = 15;
  const sent = new Map<string, string[]>();
  await Promise.all(
    Array.from({ length: rounds }, async (_, round) => {
      const order = await service.create({ reference: `PO-race-${round}`, payment: { mode: "client" } });
      const accepted: string[] = [];
      const fire = async (n: number) => {
        // Spread over the moments in which the payment is confirmed, the order ends and its segment closes.
        await new Promise((resolve) => setTimeout(resolve, 12 * n + round));
        if ((await note(order.id, `${round}.${n}`)).status === 202) accepted.push(`${round}.${n}`);
      };
      const confirm = fetch(`${service.providerUrl}/v1/payment_intents/${order.payment.id}/confirm`, {
        method: "POST",
        headers: {
          authorization: "Bearer sk_test_mock",
          "content-type": "application/x-www-form-urlencoded",
        },
        body: "payment_method=pm_card_visa&return_url=http://127.0.0.1/paid",
      });
      await Promise.all([confirm, ...Array.from({ length: each }, (__, n) => fire(n))]);
      sent.set(order.id, accepted);
    }),
  );
  const ids = [...sent.keys()];
  await Promise.all(ids.map((id) => service.reached(id, "completed")));
  await atRest(ids);
  for (const [id, accepted] of sent) {
    expect((await notes(id)).sort()).toEqual(accepted.sort());
    expectChain(await trail(id));
  }
  const { rows } = await database.query<{ workflow_uuid: string; status: string }>(
    "select workflow_uuid, status from dbos.workflow_status where split_part(workflow_uuid, ':', 1) = any($1) and status <> 'SUCCESS'",
    [ids],
  );
  expect(rows).toEqual([]);
});

test("what comes after the end is the same chain in the next segment", async () => {
  const order = await service.create({ payment: CARD });
  await atRest([order.id]);
  const before = await trail(order.id);
  await note(order.id, "afterwards");
  await service.until(
    () => notes(order.id),
    (all) => all.length === 1,
  );
  await atRest([order.id]);
  await service.call("POST", `/v1/orders/${order.id}/refunds`, { amount: 100, reason: "a scratch" });
  await service.reached(order.id, "partially_refunded");
  await atRest([order.id]);
  const after = await trail(order.id);
  expect(after.slice(0, before.length)).toEqual(before);
  expectChain(after);
  // A webhook about the refund may come after the refund was seen, and open one segment more.
  const rows = await service.until(
    async () =>
      (
        await database.query<{ workflow_uuid: string; status: string }>(
          "select workflow_uuid, status from dbos.workflow_status where split_part(workflow_uuid, ':', 1) = $1 order by 1",
          [order.id],
        )
      ).rows,
    (all) => all.every(({ status }) => status === "SUCCESS"),
  );
  expect(rows.slice(0, 2)).toEqual([
    { workflow_uuid: order.id, status: "SUCCESS" },
    { workflow_uuid: `${order.id}:1`, status: "SUCCESS" },
  ]);
  const verified = await service.call("GET", `/v1/orders/${order.id}/audit/verify`);
  expect(verified.body).toMatchObject({ valid: true, entries: after.length });
});

test("while the next segment begins, the events of the last one stand", async () => {
  const order = await service.create({ payment: CARD });
  await atRest([order.id]);
  let over = false;
  const looking = (async () => {
    const seen = new Set<unknown>();
    while (!over) seen.add((await service.call("GET", `/v1/orders/${order.id}/events`)).body["status"]);
    return [...seen];
  })();
  for (let i = 0; i < 10; i++) {
    await note(order.id, `wake ${i}`);
    await atRest([order.id]);
  }
  over = true;
  expect(await looking).toEqual(["completed"]);
});

test("what is published is what the engine's own readers read", async () => {
  const order = await service.create({ payment: CARD });
  await atRest([order.id]);
  const { rows } = await database.query<{ segment: number }>(
    "select segment from countersign.orders where id = $1",
    [order.id],
  );
  const newest = rows[0]?.segment === 0 ? order.id : `${order.id}:${rows[0]?.segment}`;
  const status = await DBOS.getEvent(newest, "status", { timeoutSeconds: 1 });
  expect(status).toBe("completed");
  expect(await DBOS.getEvent(newest, "progress", { timeoutSeconds: 1 })).toBe(100);
  const payment = await DBOS.getEvent<OrderView["payment"]>(newest, "payment", { timeoutSeconds: 1 });
  expect(payment).toEqual((await service.order(order.id)).payment);
  const streamed: AuditEntry[] = [];
  // It ends by itself: the segment closed the stream.
  for await (const entry of DBOS.readStream<AuditEntry>(order.id, "audit")) streamed.push(entry);
  expect(streamed.length).toBeGreaterThan(2);
  expect((await trail(order.id)).slice(0, streamed.length)).toEqual(streamed);
  const history = await database.query("select from dbos.workflow_events_history where workflow_uuid = $1", [
    order.id,
  ]);
  expect(history.rowCount).toBeGreaterThan(3);
});

test("a lost notification costs seconds, not the message", { timeout: 60_000 }, async () => {
  const order = await service.create();
  const killListeners = () =>
    database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%'`,
    );
  for (let i = 0; i < 5; i++) {
    const [killed] = await Promise.all([killListeners(), note(order.id, `lost-${i}`)]);
    if (i === 0) expect(killed.rowCount).toBeGreaterThan(0);
    const sent = Date.now();
    await service.until(
      () => notes(order.id),
      (all) => all.includes(`lost-${i}`),
      10_000,
    );
    expect(Date.now() - sent).toBeLessThan(6_000);
  }
  await service.pay(order);
  await service.reached(order.id, "completed");
});

test(
  "a transition that the database refuses or cancels does not end its workflow",
  { timeout: 60_000 },
  async () => {
    const order = await service.create();
    // A statement that is cancelled, as one that waits too long for its lock or runs into a stalled disk is.
    await database.query("begin");
    await database.query("select from countersign.orders where id = $1 for update", [order.id]);
    await database.query(
      `insert into dbos.notifications (destination_uuid, topic, message, serialization, message_uuid)
     values ($1, 'message', $2, 'portable_json', 'cancelled-' || $1)`,
      [order.id, JSON.stringify({ type: "note", actor: { type: "api", id: "test" }, text: "patient" })],
    );
    const helper = new pg.Client({ connectionString: service.databaseUrl });
    await helper.connect();
    await helper.query(
      `insert into dbos.notifications (destination_uuid, topic, message, serialization, message_uuid)
     values ($1, 'message', $2, 'portable_json', 'waker-' || $1)`,
      [order.id, JSON.stringify({ type: "note", actor: { type: "api", id: "test" }, text: "waker" })],
    );
    const cancelled = await service.until(
      async () =>
        (
          await helper.query(
            `select pg_cancel_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and state = 'active'`,
          )
        ).rowCount ?? 0,
      (count) => count > 0,
    );
    expect(cancelled).toBeGreaterThan(0);
    await database.query("commit");
    await helper.end();
    const taken = await service.until(
      () => notes(order.id),
      (all) => all.length === 2,
      20_000,
    );
    expect(taken.sort()).toEqual(["patient", "waker"]);
    await service.pay(order);
    await service.reached(order.id, "completed");
    expectChain(await trail(order.id));
  },
);

test(
  "a workflow that broke is followed by its next segment, with what it left unread",
  { timeout: 60_000 },
  async () => {
    const order = await service.create({ amount: 125_000, reference: "PO-broken" });
    await service.pay(order);
    await service.reached(order.id, "awaiting_approval");
    const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-broken"));
    const { rows } = await database.query<{ id: string }>(
      "select id from countersign.approvals where order_id = $1",
      [order.id],
    );
    const ids = [order.id, rows[0]?.id ?? ""];
    // As the engine leaves it after an error: ended, while its order and approval still wait for something.
    await database.query(
      `update dbos.workflow_status set status = 'ERROR', updated_at = 0, owner_xid = 'nobody' where workflow_uuid = any($1)`,
      [ids],
    );
    await service.decide(mail.links[0] ?? "", "approve");
    const done = await service.until(
      () => service.order(order.id),
      ({ status }) => status === "completed",
      30_000,
    );
    expect(await service.ledger(done.payment.id)).toMatchObject({ captures: 1, captured: 125_000 });
    await atRest([order.id]);
    expectChain(await trail(order.id));
  },
);

test("a workflow that a dead process's last commit left behind is found", { timeout: 90_000 }, async () => {
  const order = await service.create({ reference: "PO-orphan" });
  const dead = "exe_dead";
  await database.query(
    "insert into countersign.executors (id, lease_until) values ($1, now() - interval '1 second')",
    [dead],
  );
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  // Its lease has run out and was dealt with; only now does its workflow become visible.
  await database.query(
    "update dbos.workflow_status set executor_id = $2, owner_xid = 'nobody' where workflow_uuid = $1 and status = 'PENDING'",
    [order.id, dead],
  );
  await service.pay(order);
  await service.until(
    () => service.order(order.id),
    ({ status }) => status === "completed",
    50_000,
  );
});
