import { z } from "zod";
import * as answers from "../answer-schemas/orders.ts";
import { EVENT_KEYS } from "../../domain/order-view.ts";
import {
  listOrdersQuery,
  cancelOrder,
  createOrder,
  createRefund,
  eraseOrder,
  MESSAGES,
  sendMessage,
} from "../orders.ts";
import { paging } from "../paging.ts";
import type { Operation } from "./operation.ts";

/** Orders, what they publish, and what they are told. */
export const ORDER_OPERATIONS: Operation[] = [
  {
    method: "post",
    path: "/v1/orders",
    summary: "Create an order",
    description:
      "Answers when the payment is open, or after 10 s with status `created` when the provider does not answer; the order goes on by itself. " +
      "Role admin. `payment.expires_in` (seconds, default 86400) is how long the customer may take. With `fulfilment: manual` the paid order " +
      "waits until each item is reported on topic `fulfilment`. " +
      "With `payment.capture: manual` the money is held until topic `capture`, and given back an hour before the authorization lapses.",
    tag: "Orders",
    body: createOrder,
    idempotent: true,
    success: 201,
    answer: answers.order,
    refuses: [409, 422],
  },
  {
    method: "get",
    path: "/v1/orders",
    summary: "List orders, newest first",
    tag: "Orders",
    query: z.object({ ...listOrdersQuery.shape, ...paging }),
    success: 200,
    answer: answers.orders,
  },
  {
    method: "get",
    path: "/v1/orders/{id}",
    summary: "Read an order",
    tag: "Orders",
    success: 200,
    answer: answers.order,
  },
  {
    method: "post",
    path: "/v1/orders/{id}/cancel",
    summary: "Cancel an order that is not captured",
    description:
      "Role finance. 409 when it is captured or has ended otherwise; one that is cancelled already stays so. The answer is the order, after up to 2 s.",
    tag: "Orders",
    body: cancelOrder,
    success: 202,
    answer: answers.order,
    refuses: [409],
  },
  {
    method: "post",
    path: "/v1/orders/{id}/refunds",
    summary: "Refund a captured order",
    description:
      "Role finance. Without `amount` all that is left. A large refund has status `awaiting_approval` until people decide.",
    tag: "Orders",
    body: createRefund,
    idempotent: true,
    success: 201,
    answer: answers.refund,
    refuses: [409, 422],
  },
  {
    method: "post",
    path: "/v1/orders/{id}/erase",
    summary: "Erase the personal data of an order that has ended",
    description:
      "Role admin. The customer, descriptions, comments, reasons and notes are gone; amounts, ids, times and who decided stay, and the " +
      "trail stays valid. 409 while the order, a refund or an approval of it is open. 202 with `status: running` while the inbox is " +
      "still searched: send it again with the same Idempotency-Key to see the end.",
    tag: "Orders",
    body: eraseOrder,
    idempotent: true,
    success: 200,
    also: [202],
    answer: answers.erasure,
    refuses: [409, 422],
  },
  {
    method: "get",
    path: "/v1/orders/{id}/events",
    summary: "Read every event as {key: value}",
    tag: "Events and messages",
    success: 200,
    answer: answers.events,
  },
  {
    method: "get",
    path: "/v1/orders/{id}/events/{key}",
    summary: "Read one event, or wait until it is set",
    description: `Keys: ${EVENT_KEYS.join(", ")}. 404 \`event_not_set\` when it is not set in time.`,
    tag: "Events and messages",
    query: z.object({ timeout: z.number().min(0).max(60).default(0) }),
    success: 200,
    answer: answers.event,
  },
  {
    method: "post",
    path: "/v1/orders/{id}/messages",
    summary: "Send a message to the order's workflow",
    description:
      `Topics: ${Object.keys(MESSAGES).join(", ")}. With an Idempotency-Key a repeated message counts once. ` +
      "`capture` takes what is authorized, or the part `amount` of it, once. " +
      "`amend` asks everybody again; 422 when the policy asks more of what the order becomes. " +
      "`resolve` decides on a held order: `accept` it as it is, or `give_back` the money. " +
      "What no longer applies is accepted too: the trail answers it with `message.ignored` and the reason.",
    tag: "Events and messages",
    body: sendMessage,
    success: 202,
    answer: answers.message,
    refuses: [422],
  },
];
