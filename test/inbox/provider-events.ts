import { createHmac, randomBytes } from "node:crypto";
import type { OrderView } from "../../src/domain/order-view.ts";

export const SECRET = "whsec_dev";

export const randomId = (prefix: string) => `${prefix}_${randomBytes(8).toString("hex")}`;

/** An event as the provider makes it; `more` goes over its envelope. */
export const event = (type: string, object: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  id: randomId("evt"),
  object: "event",
  type,
  created: Math.floor(Date.now() / 1000),
  data: { object },
  ...more,
});

export const intent = (payment: string, more: Record<string, unknown> = {}) => ({
  id: payment,
  object: "payment_intent",
  amount: 1250,
  amount_capturable: 0,
  amount_received: 0,
  currency: "usd",
  status: "processing",
  metadata: {},
  ...more,
});

/** An order's own payment as the provider sees it. */
export const intentOf = (order: OrderView, more: Record<string, unknown> = {}) =>
  intent(order.payment.id ?? "", { metadata: { order_id: order.id }, ...more });

export function sign(body: string | Buffer, secret = SECRET, at = Date.now() / 1000): string {
  const t = Math.floor(at);
  return `t=${t},v1=${createHmac("sha256", secret).update(`${t}.`).update(body).digest("hex")}`;
}

/** Sends an event as the provider would. @returns the answer's status */
export async function deliver(url: string, body: object): Promise<number> {
  const text = JSON.stringify(body);
  const response = await fetch(`${url}/webhooks/stripe`, {
    method: "POST",
    headers: { "content-type": "application/json", "stripe-signature": sign(text) },
    body: text,
  });
  await response.arrayBuffer();
  return response.status;
}

export interface Stored {
  id: string;
  event_id: string;
  state: string;
  reason: string | null;
  order_id: string | null;
  duplicates: number;
  attempts: number;
}
