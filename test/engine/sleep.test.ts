import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { isParked } from "../../src/engine/mailbox.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

// Who waits for long is a row and nothing else, until something happens to it.

const AFTER_MS = 300;

let service: TestService;
let sql: pg.Client;

beforeAll(async () => {
  service = await startTestService({ SLEEP_AFTER_S: String(AFTER_MS / 1000) });
  sql = new pg.Client({ connectionString: service.databaseUrl });
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await service?.end();
});

async function workflow(id: string): Promise<{ status: string; wake: number | null; steps: number }> {
  const { rows } = await sql.query<{ status: string; wake: string | null; steps: number }>(
    `select status, delay_until_epoch_ms as wake,
            (select count(*)::int from dbos.operation_outputs o where o.workflow_uuid = w.workflow_uuid) as steps
       from dbos.workflow_status w where workflow_uuid = $1`,
    [id],
  );
  const row = rows[0] ?? { status: "none", wake: null, steps: 0 };
  return { ...row, wake: row.wake === null ? null : Number(row.wake) };
}

async function asleep(id: string) {
  const row = await service.until(
    () => workflow(id),
    ({ status }) => status === "DELAYED",
  );
  expect(isParked(id)).toBe(false);
  return row;
}

/** An order that waits for its customer, asleep. */
async function sleeper(order: Record<string, unknown> = {}): Promise<OrderView> {
  const created = await service.create(order);
  await service.until(
    () => service.order(created.id),
    ({ payment }) => payment.session_id !== null,
  );
  await asleep(created.id);
  return service.order(created.id);
}

const note = (id: string, text: string) =>
  service.call("POST", `/v1/orders/${id}/messages`, { topic: "note", message: text });
const notes = async (id: string) => (await service.trail(id)).filter(({ type }) => type === "note");
const noted = (id: string, count: number, within?: number) =>
  service.until(
    () => notes(id),
    (found) => found.length === count,
    within,
  );

test("an order that waits sleeps, is still answered for, and goes on when it is paid", async () => {
  const order = await sleeper();
  const status = await service.call(`GET`, `/v1/orders/${order.id}/events/status`);
  expect(status.body).toMatchObject({ value: "awaiting_payment" });
  await service.pay(order);
  await service.reached(order.id, "completed");
  expect(await service.ledger((await service.order(order.id)).payment.id)).toMatchObject({
    captured: 1250,
    captures: 1,
  });
  const verified = await service.call("GET", `/v1/orders/${order.id}/audit/verify`);
  expect(verified.body).toMatchObject({ valid: true });
});

test("an approval and its order sleep until someone decides, or a reminder is due", async () => {
  const order = await service.create({
    amount: 125_000,
    payment: { mode: "confirm", payment_method: "pm_card_visa" },
  });
  await service.reached(order.id, "awaiting_approval");
  const mail = await service.mail("finance@example.com", ({ subject }) => subject.includes("1,250.00"));
  await asleep(order.id);
  const { wake } = await asleep((await service.order(order.id)).approval?.id ?? "");
  const inHours = ((wake ?? 0) - Date.now()) / 3_600_000;
  expect(inHours).toBeGreaterThan(23.9);
  expect(inHours).toBeLessThanOrEqual(24);
  expect((await service.decide(mail.links[0] ?? "", "approve")).status).toBe(200);
  await service.reached(order.id, "completed");
});

test("one whose time has come looks, and sleeps again when there is nothing to do", async () => {
  const { id } = await sleeper();
  const before = await service.trail(id);
  await sql.query("update dbos.workflow_status set delay_until_epoch_ms = 1 where workflow_uuid = $1", [id]);
  await service.until(
    () => workflow(id),
    ({ wake, status }) => status === "DELAYED" && wake !== 1,
  );
  expect(await service.trail(id)).toEqual(before);
});

test("a message of which nobody heard wakes it nevertheless", async () => {
  const { id } = await sleeper();
  const triggers = (what: string) => sql.query(`alter table dbos.notifications ${what} trigger user`);
  await triggers("disable");
  await note(id, "are you there?").finally(() => triggers("enable"));
  await noted(id, 1);
});

test("messages that come just when it falls asleep are each taken once", async () => {
  const ids = await Promise.all(Array.from({ length: 12 }, async () => (await service.create()).id));
  for (const at of [0, 20, 40]) {
    await sleep(AFTER_MS - 30 + at);
    await Promise.all(ids.map((id) => note(id, `at ${at}`)));
  }
  for (const id of ids) await noted(id, 3);
});

test("what a dead process has left waiting is put to sleep, not begun, and goes on when it is paid", async () => {
  const order = await sleeper();
  const { steps } = await workflow(order.id);
  await sql.query(
    `update dbos.workflow_status set status = 'PENDING', executor_id = 'exe_nobody', owner_xid = 'nobody',
            delay_until_epoch_ms = null, created_at = created_at - 1000 where workflow_uuid = $1`,
    [order.id],
  );
  const laid = await asleep(order.id);
  expect(laid).toMatchObject({ steps });
  expect(laid.wake).toBeGreaterThan(Date.now());
  await service.pay(order);
  await service.reached(order.id, "completed");
});
