import type { Subject } from "./approval.ts";
import { capturableAmount } from "./order-capture.ts";
import { type OrderState, type Refund, paidCurrency } from "./order.ts";

/** What people are asked about an order, or about one of its refunds. */
export function subjectOf(order: OrderState, refund: Refund | null): Subject {
  const { facts } = order;
  return {
    kind: refund ? "refund" : "order",
    amount: refund?.amount ?? capturableAmount(order),
    currency: paidCurrency(order),
    reference: facts.reference,
    description: facts.description,
    customer: facts.customer.name ?? facts.customer.email,
    requested_by: refund ? refund.requested_by : facts.requested_by,
    reason: refund?.reason ?? null,
    items: facts.items.map(({ sku, quantity, unit_amount }) => ({ sku, quantity, unit_amount })),
    order_id: facts.id,
  };
}
