import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDesk, type Desk } from "./desk.ts";

let desk: Desk;
let db: pg.Client;
beforeAll(async () => {
  desk = await openDesk({ RECONCILE_EVERY_S: "1" });
  db = new pg.Client(desk.databaseUrl);
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await desk?.end();
});

test("a provider that keeps no events is looked at, payment by payment", async () => {
  const order = await desk.create();
  await desk.visit(order, "card_silent");
  // A customer is given a minute before anybody looks.
  await db.query(
    "update countersign.orders set created_at = created_at - interval '5 minutes' where id = $1",
    [order.id],
  );
  await desk.reached(order.id, "completed");
  const sources = (await desk.trail(order.id)).map((entry) => entry.data["source"]);
  expect(sources).toContain("reconciliation");
});

test("a report finds a refund whose outcome was never told", async () => {
  const order = await desk.create({ payment: { mode: "confirm", payment_method: "card_silent" } });
  await desk.call("POST", `/v1/orders/${order.id}/refunds`, { amount: 500, reason: "broken" });
  await desk.until(
    () => Promise.resolve(desk.books(order)),
    (books) => books?.operations.includes("refund done") ?? false,
  );
  expect((await desk.order(order.id)).refunds).toMatchObject([{ status: "pending" }]);
  const started = await desk.call("POST", "/v1/reconciliations", {});
  expect(started.status).toBe(202);
  await desk.until(
    () => desk.order(order.id),
    (view) => view.refunds[0]?.status === "succeeded",
  );
});
