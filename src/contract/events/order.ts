import { z } from "zod";
import type { TOLD_OF_ORDERS } from "../../domain/merchant-events.ts";
import { ORDER_STATUSES, type OrderStatus } from "../../domain/order.ts";
import { about, amount, currency, eventOf, typeOf } from "./envelope.ts";

/** When each comes. */
const BECAME: Record<OrderStatus, string> = {
  created: "It was accepted.",
  awaiting_payment: "The customer can pay.",
  requires_action: "The customer has to confirm the payment, by 3-D Secure for one.",
  payment_failed: "A payment was declined; the customer may try again.",
  authorized: "The money is held.",
  awaiting_approval: "The money is held, and people were asked whether to take it.",
  capturing: "The provider was asked to take the money.",
  paid: "The money was taken, and something is still to be decided.",
  fulfilling: "The money was taken, and items are to be fulfilled.",
  completed: "It came to its good end.",
  rejected: "Its approval was refused, and no money is kept.",
  cancelled: "It was cancelled, and no money is kept.",
  expired: "It was not paid or not captured in time.",
  refunded: "All of the money was given back.",
  partially_refunded: "Some of the money was given back.",
  disputed: "The customer disputes the payment.",
  failed: "It cannot go on; the trail says why.",
};

const BESIDE = {
  "order.amended": "Its amount, items, reference, description or customer was changed.",
  "order.held": "Something does not fit, and it waits for somebody to decide.",
  "order.hold_released": "What did not fit is mended, and it goes on.",
} satisfies Partial<Record<(typeof TOLD_OF_ORDERS)[number], string>>;

/** `order.` and the status that it came to, or what else was told of it. */
export type OrderEventType = `order.${OrderStatus}` | keyof typeof BESIDE;

export const ORDER_EVENTS = {
  ...Object.fromEntries(ORDER_STATUSES.map((status) => [`order.${status}`, BECAME[status]])),
  ...BESIDE,
} as Record<OrderEventType, string>;

export const orderEvent = eventOf(
  typeOf(ORDER_EVENTS),
  z.object({
    ...about("order", "ord"),
    status: z.enum(ORDER_STATUSES).describe("after the transition that is told of"),
    previous_status: z
      .enum(ORDER_STATUSES)
      .nullable()
      .describe("before it; null when the status is the same"),
    reference: z.string(),
    amount,
    currency,
    payment: z.object({
      id: z.string().nullable().describe("the provider's; null until it is known"),
      status: z.string(),
      amount_authorized: amount,
      amount_captured: amount,
      amount_refunded: amount,
    }),
  }),
);
