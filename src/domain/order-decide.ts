import type { AuditDraft } from "./audit-entry.ts";
import { type OrderEffect, type OrderFacts, type OrderMessage, type OrderState, isEnd } from "./order.ts";
import { onApproval } from "./order-approvals.ts";
import { onAmend } from "./order-amend.ts";
import { captureWakeAt, onCapture } from "./order-capture.ts";
import { onCancel, onFulfilment, onPaymentMethod, onRefundCommand } from "./order-commands.ts";
import { onResolve } from "./order-hold.ts";
import { onErase, unheard } from "./order-erase.ts";
import { onDone, onFailed } from "./order-outcomes.ts";
import { onChargeRefunded, onDispute, onPayment, onRefund, onSession } from "./order-provider.ts";
import { settle } from "./order-settle.ts";
import { type Step, ask, later, tell } from "./order-step.ts";
import { holdsAuthorization, newPayment } from "./payment.ts";
import type { ApprovalPlan } from "./policy.ts";
import { type Todo, earliest, isDue } from "./todo.ts";

/** How long a customer may take to pay, unless the order says otherwise. */
const PAY_WITHIN_S = 24 * 3_600;

export interface Decided {
  state: OrderState;
  entries: AuditDraft[];
}

/** A new order: nothing has happened yet, not even its first entry. */
export const newOrder = (
  facts: OrderFacts,
  plan: ApprovalPlan | null,
  payWithinS = PAY_WITHIN_S,
): OrderState => ({
  facts,
  status: "created",
  plan,
  payment: newPayment,
  approvals: [],
  refunds: [],
  refunded_at_provider: 0,
  disputes: [],
  capture: { wanted: null, asked: null },
  amended_amount: null,
  authorized_at: null,
  lapse_told: false,
  hold: null,
  strays: [],
  fulfilled: {},
  ending: null,
  pay_by: later(new Date(facts.created_at), payWithinS),
  fulfil_by: null,
  todo: [],
  serial: 0,
  ended_at: null,
});

function onMessage(step: Step, message: OrderMessage): Step {
  switch (message.type) {
    case "submitted":
      return step.state.serial > 0 || step.state.ended_at
        ? step
        : ask(tellSubmitted(step, message), { kind: "open_payment" });
    case "payment.seen":
      return onPayment(step, message.payment, message.source);
    case "session.seen":
      return onSession(step, message.session, message.source);
    case "refund.seen":
      return onRefund(step, message.refund, message.source);
    case "charge.refunded":
      return onChargeRefunded(step, message);
    case "dispute.seen":
      return onDispute(step, message.dispute, message.source);
    case "approval.reported": {
      const { approval, entries } = step.state.erasure ? unheard(message) : message;
      return onApproval(step, approval, entries);
    }
    case "cancel":
      return onCancel(step, message);
    case "refund":
      return onRefundCommand(step, message);
    case "note":
      return tell(step, "note", message.actor, { text: message.text });
    case "fulfilment":
      return onFulfilment(step, message);
    case "payment_method":
      return onPaymentMethod(step, message);
    case "amend":
      return onAmend(step, message);
    case "capture":
      return onCapture(step, message);
    case "resolve":
      return onResolve(step, message);
    case "erase":
      return onErase(step, message);
    case "effect.done":
      return onDone(step, message.key, message.result);
    case "effect.failed":
      return onFailed(step, message);
    case "clock":
      return step;
  }
}

const tellSubmitted = (
  step: Step,
  { actor, idempotency_key }: Extract<OrderMessage, { type: "submitted" }>,
): Step => {
  const { facts, plan } = step.state;
  return tell(step, "order.created", actor ?? { type: "api", id: facts.requested_by ?? facts.tenant }, {
    reference: facts.reference,
    amount: facts.amount,
    currency: facts.currency,
    payment_mode: facts.payment_mode,
    items: facts.items.length,
    needs_approval: plan !== null,
    policy_version: plan?.policy_version ?? null,
    requested_by: facts.requested_by,
    idempotency_key,
  });
};

/**
 * Decides one message: the next state and the entries to write. Total and pure: every message has an answer in every
 * state, and what no longer applies changes nothing.
 */
export function decideOrder(state: OrderState, message: OrderMessage, now: Date): Decided {
  const { state: next, entries } = settle(onMessage({ state, entries: [], now }, message));
  return { state: next, entries };
}

/** Whether a message would tell an order anything: one that would not need not wake an order that is at rest. */
export function isNews(state: OrderState, message: OrderMessage, now: Date): boolean {
  const decided = decideOrder(state, message, now);
  return decided.entries.length > 0 || JSON.stringify(decided.state) !== JSON.stringify(state);
}

/** When the order must be looked at next, though no message comes. */
export function orderWakeAt(state: OrderState): string | null {
  const waiting = !isEnd(state.status) && !state.ending;
  const paying = waiting && !holdsAuthorization(state.payment) && state.payment.status !== "succeeded";
  return earliest(
    paying ? state.pay_by : null,
    waiting && state.hold && !state.hold.accepted_by ? state.hold.until : null,
    waiting ? captureWakeAt(state) : null,
    state.status === "fulfilling" ? state.fulfil_by : null,
    ...state.todo.map((work) => work.due_at),
  );
}

export const orderDue = (state: OrderState, now: Date): Todo<OrderEffect>[] =>
  state.todo.filter((work) => isDue(work, now));
