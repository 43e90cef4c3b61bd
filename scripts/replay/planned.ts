import type { Decision, Expected } from "./fixtures.ts";
import type { TargetOrder } from "./target.ts";

/** One webhook of one order, ready to be signed and sent. */
export interface PlannedEvent {
  scenario: string;
  file: string;
  event_id: string;
  type: string;
  order_id: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** An order with what became known of it. */
export interface PlannedOrder {
  scenario: string;
  title: string;
  decisions: Decision[];
  expected: Expected | null;
  order: TargetOrder;
}

export function isAsExpected({ expected, order }: PlannedOrder): boolean {
  if (!expected) return true;
  const { amount_captured, amount_refunded } = order.payment;
  return (
    order.status === expected.status &&
    amount_captured === (expected.amount_captured ?? amount_captured) &&
    amount_refunded === (expected.amount_refunded ?? amount_refunded)
  );
}
