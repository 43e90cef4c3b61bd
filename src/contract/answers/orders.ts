import type { ApprovalView } from "../../domain/approval.ts";
import type { Erasure, OrderStatus } from "../../domain/order.ts";
import type { EventKey, PaymentView, RefundView, ResultView } from "../../domain/order-view.ts";

export type { OrderStatus } from "../../domain/order.ts";
export type { EventKey, OrderView, PaymentView, RefundView, ResultView } from "../../domain/order-view.ts";

/** The value of each event that an order publishes. */
export interface EventValues extends Record<EventKey, unknown> {
  status: OrderStatus;
  /** 0 to 100. */
  progress: number;
  payment: PaymentView;
  approval: ApprovalView;
  /** How it ended. */
  result: ResultView;
}

/** `GET /v1/orders/:id/events/:key` */
export interface EventAnswer<Key extends EventKey = EventKey> {
  object: "event";
  order_id: string;
  key: Key;
  value: EventValues[Key];
}

/** `POST /v1/orders/:id/messages` */
export interface MessageAnswer {
  object: "message";
  order_id: string;
  topic: string;
  accepted: true;
}

/** `POST /v1/orders/:id/refunds` */
export interface RefundAnswer extends RefundView {
  object: "refund";
  order_id: string;
  currency: string;
}

/** What was found and erased; of the webhooks once all of them were searched. */
export interface ErasureView extends Erasure {
  object: "erasure";
  order_id: string;
  status: "running" | "finished";
}

/** `POST /v1/orders/:id/timeline-link` */
export interface TimelineLink {
  object: "timeline_link";
  order_id: string;
  /** Opens in a browser without an API key. */
  url: string;
  expires_at: string;
}
