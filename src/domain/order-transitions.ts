import { ORDER_STATUSES, isEnd, type OrderStatus } from "./order.ts";

/**
 * From which status an order comes into which, when every event arrives at once. Events that come late or out of order
 * may skip statuses, never lead elsewhere; an order that need not wait passes `authorized` and `paid` within one decision. A
 * test walks thousands of orders and fails when they do what the table does not say, or cannot do what it says.
 */
export const ORDER_TRANSITIONS: Record<OrderStatus, readonly OrderStatus[]> = {
  created: [
    "awaiting_payment",
    "requires_action",
    "payment_failed",
    "authorized",
    "awaiting_approval",
    "capturing",
    "fulfilling",
    "completed",
    "cancelled",
    "expired",
    "failed",
  ],
  awaiting_payment: [
    "requires_action",
    "payment_failed",
    "authorized",
    "awaiting_approval",
    "capturing",
    "fulfilling",
    "completed",
    "cancelled",
    "expired",
    "failed",
  ],
  requires_action: [
    "payment_failed",
    "authorized",
    "awaiting_approval",
    "capturing",
    "fulfilling",
    "completed",
    "cancelled",
    "expired",
  ],
  payment_failed: [
    "awaiting_payment",
    "authorized",
    "awaiting_approval",
    "capturing",
    "fulfilling",
    "completed",
    "cancelled",
    "expired",
  ],
  authorized: [
    "awaiting_approval",
    "capturing",
    "paid",
    "fulfilling",
    "completed",
    "cancelled",
    "expired",
    "failed",
  ],
  awaiting_approval: [
    "authorized",
    "capturing",
    "paid",
    "fulfilling",
    "completed",
    "rejected",
    "cancelled",
    "expired",
    "refunded",
    "partially_refunded",
    "disputed",
    "failed",
  ],
  capturing: ["fulfilling", "completed", "cancelled", "failed"],
  paid: [
    "awaiting_approval",
    "fulfilling",
    "completed",
    "rejected",
    "refunded",
    "partially_refunded",
    "disputed",
    "failed",
  ],
  fulfilling: ["completed", "refunded", "partially_refunded", "disputed", "failed"],
  completed: ["refunded", "partially_refunded", "disputed"],
  rejected: [],
  cancelled: [],
  expired: [],
  refunded: ["completed", "partially_refunded", "disputed"],
  partially_refunded: ["completed", "refunded", "disputed"],
  disputed: ["completed", "refunded", "partially_refunded"],
  failed: [],
};

/** The table as a Mermaid state diagram; ends are drawn apart from what is open. */
export function orderStatesDiagram(): string {
  const steps = ORDER_STATUSES.flatMap((from) =>
    ORDER_TRANSITIONS[from].map((to) => `    ${from} --> ${to}`),
  );
  return [
    "stateDiagram-v2",
    "    [*] --> created",
    ...steps,
    "    classDef ended fill:#e6e6e6,color:#222",
    `    class ${ORDER_STATUSES.filter(isEnd).join(", ")} ended`,
  ].join("\n");
}
