import { afterAll, beforeAll, expect, test } from "vitest";
import { openDesk, type Desk } from "./desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ RECONCILE_EVERY_S: "1" });
});
afterAll(() => desk?.end());

const METHODS = [
  "card_ok",
  "card_slow",
  "card_slow_bank",
  "card_lost_answers",
  "card_unavailable",
  "card_capture_again",
  "card_capture_refused",
];

test("whatever goes wrong at once, every order ends and its money is the provider's", async () => {
  const orders = await Promise.all(
    Array.from({ length: 28 }, async (_, n) => {
      const method = METHODS[n % METHODS.length]!;
      const order = await desk.create({
        amount: 1_000 + n,
        payment: { mode: "checkout", capture: "manual" },
      });
      await desk.visit(order, method);
      await desk.reached(order.id, "authorized");
      // Two ways to end at once: whichever comes first counts.
      const capture = desk.call("POST", `/v1/orders/${order.id}/messages`, { topic: "capture", message: {} });
      if (n % 4 === 0)
        await desk.call("POST", `/v1/orders/${order.id}/cancel`, { reason: "changed my mind" });
      expect((await capture).status).toBe(202);
      return order;
    }),
  );
  for (const { id } of orders) {
    const ended = await desk.until(
      () => desk.order(id),
      (view) => ["completed", "cancelled", "failed", "refunded"].includes(view.status),
      60_000,
    );
    const settled = await desk.until(
      () => Promise.resolve(desk.books(ended)),
      (books) => !books?.operations.some((operation) => operation.endsWith("pending")),
    );
    const { payment } = await desk.order(id);
    expect(settled?.captured).toBe(payment.amount_captured);
    expect(["paid", "cancelled"]).toContain(settled?.state);
    expect(settled?.operations.filter((operation) => operation === "capture done").length).toBeLessThan(2);
    expect(settled?.operations.filter((operation) => operation === "refund done").length).toBe(
      payment.amount_refunded > 0 ? 1 : 0,
    );
    if (ended.status !== "completed") expect(payment.amount_captured).toBe(payment.amount_refunded);
  }
}, 120_000);
