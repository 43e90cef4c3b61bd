import type { OrderStatus } from "../../contract/answers/orders.ts";

/** In the order in which an order passes them; a type check says when one is missing. */
export const STATUSES = Object.keys({
  created: true,
  awaiting_payment: true,
  requires_action: true,
  payment_failed: true,
  authorized: true,
  awaiting_approval: true,
  capturing: true,
  paid: true,
  fulfilling: true,
  completed: true,
  partially_refunded: true,
  refunded: true,
  disputed: true,
  rejected: true,
  cancelled: true,
  expired: true,
  failed: true,
} satisfies Record<OrderStatus, true>) as OrderStatus[];
