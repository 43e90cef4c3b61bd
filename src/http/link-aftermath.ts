import { getOrder, type OrderRow } from "../db/orders.ts";
import type { Pool } from "../db/pool.ts";
import type { ApprovalState } from "../domain/approval.ts";
import { approvalView } from "../domain/approval-seats.ts";
import { consequence, nextSteps, type NextStep } from "../domain/approval-steps.ts";
import { formatMoney } from "../domain/money.ts";
import { paidCurrency, refundedAmount } from "../domain/order.ts";
import { listed } from "../mail/wording.ts";

/** What became of it after the decision, and what comes next. */
export interface Aftermath {
  happened: NextStep[];
  next: NextStep[];
}

/** Whether the order has done what the decision asks of it, or will not. */
export const hasFollowed = ({ state }: Pick<OrderRow, "state">): boolean =>
  state.ended_at !== null || (state.status !== "awaiting_approval" && state.status !== "capturing");

export async function aftermath(pool: Pool, approval: ApprovalState, now: Date): Promise<Aftermath> {
  if (approval.status === "pending") return { happened: [], next: waiting(approval, now) };
  if (approval.status === "changes_requested") return { happened: [], next: nextSteps(approval) };
  const { order_id, tenant, subject } = approval;
  const order = order_id === null ? null : await getOrder(pool, tenant, order_id);
  if (!order || subject.kind === "request") return { happened: [], next: soon(approval) };
  return subject.kind === "refund" ? ofRefund(approval, order) : ofOrder(approval, order);
}

/** Who decides now, and what happens when they do not. */
function waiting(approval: ApprovalState, now: Date): NextStep[] {
  const people = approvalView(approval, now).waiting_for;
  const who = listed(people);
  const what = people.length === 1 ? `${who} decides` : `${who} are asked to decide`;
  return [...(people.length === 0 ? [] : [{ when: "now", what }]), ...nextSteps(approval)];
}

const soon = (approval: ApprovalState): NextStep[] => [{ when: "next", what: consequence(approval) }];

function ofOrder(approval: ApprovalState, order: OrderRow): Aftermath {
  const { payment, status, ended_at, facts } = order.state;
  const money = (amount: number) => formatMoney({ amount, currency: paidCurrency(order.state) });
  const refunded = refundedAmount(order.state);
  const now = `the order is ${status.replaceAll("_", " ")}`;
  const done =
    payment.amount_captured > 0
      ? `${money(payment.amount_captured)} was captured${refunded > 0 ? ` and ${money(refunded)} refunded` : ""}; ${now}`
      : payment.status === "canceled"
        ? `the authorization was released and nothing was charged; ${now}`
        : ended_at === null
          ? null
          : now;
  if (done !== null) return { happened: [{ when: order.updated_at.toISOString(), what: done }], next: [] };
  const byMerchant = approval.status === "approved" && facts.capture === "manual" && status === "authorized";
  return {
    happened: [],
    next: byMerchant
      ? [{ when: "next", what: "The merchant says when the payment is captured." }]
      : soon(approval),
  };
}

function ofRefund(approval: ApprovalState, order: OrderRow): Aftermath {
  const refund = order.state.refunds.find(({ id }) => id === approval.refund_id);
  if (!refund) return { happened: [], next: soon(approval) };
  const amount = formatMoney({ amount: refund.amount, currency: paidCurrency(order.state) });
  const told = (what: string): Aftermath => ({
    happened: [{ when: order.updated_at.toISOString(), what }],
    next: [],
  });
  switch (refund.status) {
    case "succeeded":
      return told(`${amount} was refunded; the order is ${order.state.status.replaceAll("_", " ")}`);
    case "failed":
      return told(`the refund of ${amount} failed${refund.failure ? `: ${refund.failure}` : ""}`);
    case "rejected":
      return told(`${amount} was not refunded`);
    default:
      return { happened: [], next: soon(approval) };
  }
}
