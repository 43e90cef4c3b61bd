import type { OrderStatus } from "../../contract/answers/orders.ts";

export interface Place {
  x: number;
  y: number;
}

export interface Map {
  width: number;
  height: number;
  places: Record<OrderStatus, Place>;
}

export const BOX = { width: 134, height: 32 };

const COLUMN = 152;
const ROW = 50;
const at = (column: number, row: number): Place => ({
  x: 76 + column * COLUMN,
  y: 52 + row * ROW,
});

/** From left to right; what goes well is in the first row, what does not hangs below where it happens. */
export const WIDE: Map = {
  width: 76 * 2 + 6 * COLUMN,
  height: 52 + 3 * ROW + 24,
  places: {
    created: at(0, 0),
    awaiting_payment: at(1, 0),
    requires_action: at(1, 1),
    payment_failed: at(1, 2),
    authorized: at(2, 0),
    cancelled: at(2, 1),
    expired: at(2, 2),
    awaiting_approval: at(3, 0),
    rejected: at(3, 1),
    capturing: at(4, 0),
    failed: at(4, 1),
    paid: at(5, 0),
    fulfilling: at(5, 1),
    completed: at(6, 0),
    partially_refunded: at(6, 1),
    refunded: at(6, 2),
    disputed: at(6, 3),
  },
};

const down = (column: number, row: number): Place => ({ x: 82 + column * 180, y: 28 + row * 46 });

/** From top to bottom, for phones: the first column is the way, the second what may become of it. */
export const NARROW: Map = {
  width: 344,
  height: 28 * 2 + 9 * 46,
  places: {
    created: down(0, 0),
    awaiting_payment: down(0, 1),
    requires_action: down(1, 1),
    payment_failed: down(1, 2),
    authorized: down(0, 3),
    cancelled: down(1, 3),
    expired: down(1, 4),
    awaiting_approval: down(0, 4),
    rejected: down(1, 5),
    capturing: down(0, 5),
    failed: down(1, 6),
    paid: down(0, 6),
    fulfilling: down(0, 7),
    completed: down(0, 8),
    partially_refunded: down(1, 7),
    refunded: down(1, 8),
    disputed: down(1, 9),
  },
};

/** Ways that are drawn also where an order did not take them; each is one of the state machine's (`test/console/way.test.ts`). */
export const DRAWN: [OrderStatus, OrderStatus][] = [
  ["created", "awaiting_payment"],
  ["awaiting_payment", "requires_action"],
  ["awaiting_payment", "payment_failed"],
  ["awaiting_payment", "authorized"],
  ["authorized", "cancelled"],
  ["authorized", "expired"],
  ["authorized", "awaiting_approval"],
  ["awaiting_approval", "rejected"],
  ["awaiting_approval", "capturing"],
  ["capturing", "failed"],
  ["paid", "fulfilling"],
  ["fulfilling", "completed"],
  ["paid", "completed"],
  ["completed", "partially_refunded"],
  ["partially_refunded", "refunded"],
  ["completed", "disputed"],
];
