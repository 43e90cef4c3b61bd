import type { z } from "zod";
import type {
  ErasureView,
  MessageAnswer,
  OrderStatus,
  OrderView,
  RefundAnswer,
  TimelineLink,
} from "../contract/answers/orders.ts";
import type { cancelOrder, createOrder, createRefund, MESSAGES, Topic } from "../contract/orders.ts";
import type { List } from "../contract/paging.ts";
import { everyItem, type Paging } from "./pages.ts";
import { Resource } from "./resource.ts";
import { pause } from "./retry.ts";
import { at, newKey, type CallOptions, type MakeOptions } from "./transport.ts";

export type NewOrder = z.input<typeof createOrder>;
export type NewRefund = z.input<typeof createRefund>;
export type MessageOf<T extends Topic> = z.input<(typeof MESSAGES)[T]>;
export type Amendment = MessageOf<"amend">;

export interface OrderQuery extends Paging {
  status?: OrderStatus;
  reference?: string;
  /** An id, or how the reference or the customer's address or name begins. */
  search?: string;
  /** RFC 3339. */
  created_after?: string;
}

const ERASURE_LOOK_MS = 1_000;

/** Orders: what they are, and what they are told. Amounts are integers in the currency's minor unit. */
export class Orders extends Resource {
  /**
   * Creates an order, once, however often the request has to be sent. It answers when the payment is open.
   *
   * @example
   * const order = await countersign.orders.create({
   *   reference: "PO-1001",
   *   amount: 125_000,
   *   currency: "usd",
   *   payment: { mode: "checkout" },
   * });
   * console.log(order.payment.checkout_url);
   */
  create(order: NewOrder, { idempotencyKey = newKey(), ...options }: MakeOptions = {}): Promise<OrderView> {
    return this.transport.json({ method: "POST", path: "/v1/orders", body: order, idempotencyKey }, options);
  }

  get(id: string, options?: CallOptions): Promise<OrderView> {
    return this.transport.json({ method: "GET", path: at`/v1/orders/${id}` }, options);
  }

  /** One page, newest first. */
  list(query: OrderQuery = {}, options?: CallOptions): Promise<List<OrderView>> {
    return this.transport.json({ method: "GET", path: "/v1/orders", query: { ...query } }, options);
  }

  /**
   * Every order that matches, newest first, over all pages.
   *
   * @example
   * for await (const order of countersign.orders.all({ status: "awaiting_approval" })) console.log(order.reference);
   */
  all(query: OrderQuery = {}, options?: CallOptions): AsyncGenerator<OrderView, void, undefined> {
    return everyItem(query, (page) => this.list(page, options));
  }

  /** Cancels an order that is not captured. Not sent again by itself: read the order when it fails. */
  cancel(id: string, cancel: z.input<typeof cancelOrder> = {}, options?: CallOptions): Promise<OrderView> {
    return this.transport.json({ method: "POST", path: at`/v1/orders/${id}/cancel`, body: cancel }, options);
  }

  /** Refunds a captured order, once; without `amount` all that is left. A large one waits for approval first. */
  refund(
    id: string,
    refund: NewRefund,
    { idempotencyKey = newKey(), ...options }: MakeOptions = {},
  ): Promise<RefundAnswer> {
    const path = at`/v1/orders/${id}/refunds`;
    return this.transport.json({ method: "POST", path, body: refund, idempotencyKey }, options);
  }

  /** Erases the personal data of an order that has ended, and resolves when all of it is gone. */
  async erase(
    id: string,
    erase: { reason: string },
    { idempotencyKey = newKey(), ...options }: MakeOptions = {},
  ): Promise<ErasureView> {
    const path = at`/v1/orders/${id}/erase`;
    for (;;) {
      const call = { method: "POST", path, body: erase, idempotencyKey } as const;
      const erasure = await this.transport.json<ErasureView>(call, options);
      if (erasure.status === "finished") return erasure;
      await pause(ERASURE_LOOK_MS, options.signal);
    }
  }

  /**
   * Tells the order's workflow something, once. What no longer applies is accepted too: the trail says why it was ignored.
   *
   * @example
   * await countersign.orders.send(order.id, "note", "The customer asked for delivery on Monday.");
   * await countersign.orders.send(order.id, "fulfilment", { sku: "lap-14", quantity: 2 });
   */
  send<T extends Topic>(
    id: string,
    topic: T,
    message?: MessageOf<T>,
    { idempotencyKey = newKey(), ...options }: MakeOptions = {},
  ): Promise<MessageAnswer> {
    const [path, body] = [at`/v1/orders/${id}/messages`, { topic, message }];
    return this.transport.json({ method: "POST", path, body, idempotencyKey }, options);
  }

  /** Changes what is asked for; everybody who approves it is asked again. */
  amend(id: string, change: Amendment, options?: MakeOptions): Promise<MessageAnswer> {
    return this.send(id, "amend", change, options);
  }

  /** A link to the order's timeline, which a browser opens without a key for `expires_in` seconds (900 when absent). */
  timelineLink(id: string, link: { expires_in?: number } = {}, options?: CallOptions): Promise<TimelineLink> {
    const path = at`/v1/orders/${id}/timeline-link`;
    return this.transport.json({ method: "POST", path, body: link }, options);
  }
}
