import type { AuditEntry } from "../../contract/answers/audit.ts";
import type { OrderStatus } from "../../contract/answers/orders.ts";
import { STATUSES } from "./statuses.ts";

/** Statuses that an entry tells of; the ones that are passed within one decision are seen in no other place. */
const TOLD: Record<string, OrderStatus[]> = {
  "order.created": ["created"],
  "checkout.opened": ["awaiting_payment"],
  "payment.requires_action": ["requires_action"],
  "payment.failed": ["payment_failed"],
  "payment.retried": ["awaiting_payment"],
  "payment.authorized": ["authorized"],
  "approval.requested": ["awaiting_approval"],
  "payment.captured": ["capturing", "paid"],
  "fulfilment.item": ["fulfilling"],
};

/** The statuses that an order has passed, in their order, up to the one that it has; from its trail, oldest entry first. */
export function wayOf(trail: Pick<AuditEntry, "type" | "data">[], status: OrderStatus): OrderStatus[] {
  const way: OrderStatus[] = [];
  // An approval of a refund opens when the order has ended: it is no status of the order's.
  let ended = false;
  const pass = (next: OrderStatus) => {
    if (way.at(-1) !== next) way.push(next);
  };
  for (const { type, data } of trail) {
    const to = type === "order.status_changed" ? data["to"] : type.replace(/^order\./, "");
    if (isStatus(to) && to !== "created") {
      ended = true;
      pass(to);
    } else if (!ended) for (const next of TOLD[type] ?? []) pass(next);
  }
  pass(status);
  return way;
}

const isStatus = (name: unknown): name is OrderStatus => (STATUSES as unknown[]).includes(name);
