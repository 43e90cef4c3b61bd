import { afterAll, beforeAll, expect, test } from "vitest";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { forgetKeys, forgetReplays } from "../../src/engine/retention.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let pool: Pool;
beforeAll(async () => {
  service = await startTestService();
  pool = createPool({ url: service.databaseUrl, max: 2 });
});
afterAll(async () => {
  await pool?.end();
  await service?.end();
});

/** Rows that only a replay needs, of one order's workflows. */
async function kept(id: string): Promise<Record<string, number>> {
  const { rows } = await pool.query<Record<string, number>>(
    `select (select count(*) from dbos.operation_outputs where split_part(workflow_uuid, ':', 1) = $1) as steps,
            (select count(*) from dbos.workflow_input where split_part(workflow_uuid, ':', 1) = $1) as inputs,
            (select count(*) from dbos.workflow_events_history where split_part(workflow_uuid, ':', 1) = $1) as history,
            (select count(*) from dbos.notifications where split_part(destination_uuid, ':', 1) = $1) as messages,
            (select count(*) from dbos.streams where split_part(workflow_uuid, ':', 1) = $1) as entries`,
    [id],
  );
  return rows[0] ?? {};
}

const later = () => new Date(Date.now() + 60_000);

test("of an order that is over the steps go, and everything that anybody can see stays", async () => {
  const order = await service.create();
  await service.pay(order);
  await service.reached(order.id, "completed");
  await service.until(
    async () => (await pool.query("select from dbos.workflow_status where status <> 'SUCCESS'")).rowCount,
    (open) => open === 0,
  );
  const waiting = await service.create({ reference: "PO-open" });
  await service.until(
    () => service.order(waiting.id),
    ({ payment }) => payment.session_id !== null,
  );
  const [before, open] = [await kept(order.id), await kept(waiting.id)];
  const shown = await service.call("GET", `/v1/orders/${order.id}/events`);
  expect(before["steps"]).toBeGreaterThan(0);

  expect(await forgetReplays(pool, later())).toBeGreaterThan(0);
  expect(await kept(order.id)).toEqual({
    ...{ steps: 0, inputs: 0, history: 0, messages: 0 },
    entries: before["entries"],
  });
  expect(await kept(waiting.id)).toEqual(open);
  expect((await service.call("GET", `/v1/orders/${order.id}/events`)).body).toEqual(shown.body);
  const { body } = await service.call("GET", `/v1/orders/${order.id}/audit/verify`);
  expect(body).toMatchObject({ valid: true });

  // Nothing is left to find.
  expect(await forgetReplays(pool, later())).toBe(0);

  // Both go on as if nothing had happened.
  const refund = await service.call("POST", `/v1/orders/${order.id}/refunds`, {
    amount: 1250,
    reason: "not wanted",
  });
  expect(refund.status).toBe(201);
  await service.reached(order.id, "refunded");
  await service.pay(await service.order(waiting.id));
  await service.reached(waiting.id, "completed");
});

test("events of earlier segments go with the steps of a later one, and its own stay", async () => {
  const order = await service.create({ reference: "PO-segments" });
  await service.until(
    () => service.order(order.id),
    ({ payment }) => payment.session_id !== null,
  );
  await service.pay(await service.order(order.id));
  await service.reached(order.id, "completed");
  const events = async () =>
    (
      await pool.query<{ id: string }>(
        "select distinct workflow_uuid as id from dbos.workflow_events where split_part(workflow_uuid, ':', 1) = $1 order by 1",
        [order.id],
      )
    ).rows.map(({ id }) => id);
  const ended = (id: string) =>
    service.until(
      async () =>
        (
          await pool.query(
            "select from dbos.workflow_status where workflow_uuid = $1 and status = 'SUCCESS'",
            [id],
          )
        ).rowCount,
      (count) => count === 1,
    );
  await ended(order.id);
  await service.call("POST", `/v1/orders/${order.id}/messages`, { topic: "note", message: "late" });
  await ended(`${order.id}:1`);
  expect(await events()).toEqual([order.id, `${order.id}:1`]);
  const shown = await service.call("GET", `/v1/orders/${order.id}/events`);
  await forgetReplays(pool, later());
  expect(await events()).toEqual([`${order.id}:1`]);
  expect((await service.call("GET", `/v1/orders/${order.id}/events`)).body).toEqual(shown.body);
});

test("an idempotency key is forgotten after its time and not before", async () => {
  const post = () =>
    service.call(
      "POST",
      "/v1/orders",
      { reference: "PO-key", amount: 1250, currency: "usd" },
      { "idempotency-key": "kept-for-a-while" },
    );
  const first = await post();
  await forgetKeys(pool, new Date(Date.now() - 60_000));
  expect((await post()).body).toMatchObject({ id: first.body["id"] });
  expect(await forgetKeys(pool, later())).toBeGreaterThan(0);
  expect((await post()).body["id"]).not.toBe(first.body["id"]);
});
