import { describe, expect, test } from "vitest";
import { BOX, DRAWN, NARROW, WIDE } from "../../src/console/orders/way-places.ts";
import { wayOf } from "../../src/console/orders/way.ts";
import { ORDER_STATUSES } from "../../src/domain/order.ts";
import { ORDER_TRANSITIONS } from "../../src/domain/order-transitions.ts";

const entry = (type: string, data: Record<string, unknown> = {}) => ({ type, data });

describe("the diagram of an order's states", () => {
  test("has a place for every status, and none on another's", () => {
    for (const { places, width, height } of [WIDE, NARROW]) {
      expect(Object.keys(places).sort()).toEqual([...ORDER_STATUSES].sort());
      const all = Object.values(places);
      for (const [index, a] of all.entries()) {
        expect(a.x - BOX.width / 2).toBeGreaterThanOrEqual(0);
        expect(a.x + BOX.width / 2).toBeLessThanOrEqual(width);
        expect(a.y + BOX.height / 2).toBeLessThanOrEqual(height);
        for (const b of all.slice(index + 1))
          expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true);
      }
    }
  });

  test("draws no way that the state machine does not know", () => {
    for (const [from, to] of DRAWN) expect(ORDER_TRANSITIONS[from], `${from} to ${to}`).toContain(to);
  });
});

describe("the way an order took", () => {
  test("is told by its trail, also what is passed within one decision", () => {
    const trail = [
      entry("order.created"),
      entry("checkout.opened"),
      entry("payment.failed"),
      entry("payment.authorized"),
      entry("approval.requested"),
      entry("payment.captured"),
      entry("order.completed"),
      entry("approval.requested"),
      entry("order.status_changed", { from: "completed", to: "refunded" }),
    ];
    expect(wayOf(trail, "refunded")).toEqual([
      ...["created", "awaiting_payment", "payment_failed", "authorized", "awaiting_approval"],
      ...["capturing", "paid", "completed", "refunded"],
    ]);
  });

  test("ends where the order is, also while its trail is still read", () => {
    expect(wayOf([], "fulfilling")).toEqual(["fulfilling"]);
    expect(wayOf([entry("order.created")], "cancelled")).toEqual(["created", "cancelled"]);
  });
});
