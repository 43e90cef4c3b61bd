import type { ApprovalView } from "./approval.ts";
import type { OrderEffect, OrderFacts, OrderMessage, OrderState } from "./order.ts";
import { type Step, SYSTEM, ask, ignored, set, tell } from "./order-step.ts";
import { ERASED, maskDraft } from "./personal.ts";
import { type Customer, isSentence, names } from "./personal-fields.ts";
import type { Todo } from "./todo.ts";

// Personal data of an order that has ended is erased; amounts, ids, times, and who decided stay.

/** Why an order's personal data cannot be erased now, with the remedy; null when it can. */
export function erasureObstacle(state: OrderState): string | null {
  if (state.ended_at === null) return `the order is ${state.status}: cancel it, or wait until it has ended`;
  const refund = state.refunds.find(({ status }) => status === "awaiting_approval" || status === "requested");
  if (refund) return `refund ${refund.id} is not made yet: wait until it is, or have its approval rejected`;
  const open = state.approvals.find(({ status }) => status === "pending");
  return open ? `approval ${open.id} is still open: have it decided first` : null;
}

/** Erases what the order itself holds; whoever writes the transition takes the rest away with it, and adds what was found. */
export function onErase(step: Step, message: Extract<OrderMessage, { type: "erase" }>): Step {
  const { actor, erasure_id, reason } = message;
  if (step.state.erasure?.id === erasure_id) return step;
  const because = erasureObstacle(step.state);
  if (because !== null) return ignored(step, "erase", actor, because);
  const told = tell(set(step, erasedOrder(step.state)), "order.erased", actor, { erasure_id, reason });
  const erasure = {
    id: erasure_id,
    at: step.now.toISOString(),
    by: actor.id,
    found: null,
    webhooks: null,
    finished_at: null,
  };
  return ask(set(told, { erasure }), { kind: "erase_rest", erasure_id });
}

/** Nothing is left to look for. */
export function onErased(step: Step, erasure_id: string, webhooks: number): Step {
  const { erasure } = step.state;
  const told = tell(step, "order.erasure_finished", SYSTEM, { erasure_id, webhooks });
  return erasure?.id === erasure_id
    ? set(told, { erasure: { ...erasure, webhooks, finished_at: step.now.toISOString() } })
    : told;
}

/** A report that was under way when the order was erased says no more than the order knows. */
export const unheard = ({
  approval,
  entries,
}: Pick<Extract<OrderMessage, { type: "approval.reported" }>, "approval" | "entries">) => ({
  approval: withoutComments(approval),
  entries: entries.map((entry) => maskDraft(entry)),
});

export const withoutComments = (approval: ApprovalView): ApprovalView => ({
  ...approval,
  votes: approval.votes.map((vote) => ({ ...vote, comment: null })),
});

function erasedOrder(state: OrderState): OrderState {
  const { payment, ending } = state;
  return {
    ...state,
    facts: erasedFacts(state.facts),
    payment: {
      ...payment,
      checkout_url: null,
      client_secret: null,
      failure: payment.failure && { ...payment.failure, message: ERASED },
    },
    approvals: state.approvals.map(withoutComments),
    refunds: state.refunds.map((refund) => ({
      ...refund,
      reason: ERASED,
      failure: isSentence(refund.failure) ? ERASED : refund.failure,
    })),
    disputes: state.disputes.map((dispute) => ({
      ...dispute,
      reason: isSentence(dispute.reason) ? ERASED : dispute.reason,
    })),
    ending:
      ending && (ending.status === "cancelled" || ending.status === "failed")
        ? { ...ending, reason: ERASED }
        : ending,
    todo: state.todo.map(erasedWork),
  };
}

const erasedFacts = (facts: OrderFacts): OrderFacts => ({
  ...facts,
  description: null,
  customer: { email: null, name: null },
  requested_by: withoutCustomer(facts.requested_by, facts.customer),
  items: facts.items.map(({ sku, quantity, unit_amount }) => ({ sku, quantity, unit_amount })),
  metadata: {},
});

/** Who requested it is a colleague, unless it was the customer. */
export const withoutCustomer = (person: string | null, customer: Customer): string | null =>
  person !== null && names(person, customer) ? null : person;

function erasedWork(work: Todo<OrderEffect>): Todo<OrderEffect> {
  const { effect } = work;
  if ("reason" in effect) return { ...work, effect: { ...effect, reason: ERASED } };
  return "problem" in effect ? { ...work, effect: { ...effect, problem: ERASED } } : work;
}
