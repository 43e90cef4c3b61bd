import { derivedId } from "./derived-id.ts";
import {
  type EndStatus,
  type Ending,
  type OrderState,
  type Refund,
  orderApproval,
  refundableAmount,
  refundedAmount,
} from "./order.ts";
import { fulfilledOf } from "./order-commands.ts";
import { SYSTEM, type Step, ask, drop, end, finish, later, set, become, tell } from "./order-step.ts";
import { type PaymentState, holdsAuthorization } from "./payment.ts";

const FULFIL_WITHIN_S = 30 * 24 * 3_600;

/**
 * What follows from the facts, whatever message brought them. Because it looks at facts alone, the order in which they
 * became known does not matter.
 */
export function settle(step: Step): Step {
  const { state } = step;
  if (state.ending) return settleEnding(step, state.ending);
  if (state.ended_at) return settleAfterEnd(step);
  if (state.payment.mismatch) return settleDeadline(drop(step, "capture"));
  switch (state.payment.status) {
    case "requires_capture":
      return settleAuthorized(step);
    case "succeeded":
      return settleCaptured(step);
    case "canceled":
      return settleCanceled(step);
    case "requires_payment_method":
    case "requires_confirmation":
    case "requires_action":
    case "processing":
      return settleDeadline(settleUnpaid(step));
  }
}

const UNPAID: Ending = { status: "expired", reason: "the checkout session expired unpaid" };

/** Whether the hosted page can still change: the customer neither paid nor ran out of time. */
const isPageOpen = (payment: PaymentState): boolean =>
  payment.session_id !== null &&
  !payment.session_complete &&
  !payment.session_expired &&
  payment.amount_authorized === 0;

/** A page that expires cancels its payment, and either may be heard of first: the page says which it was. */
function settleCanceled(step: Step): Step {
  const { payment } = step.state;
  if (payment.session_expired) return settle(end(step, UNPAID));
  if (isPageOpen(payment)) return settleDeadline(ask(step, { kind: "expire_session" }));
  return settle(end(step, { status: "cancelled", reason: "the payment was cancelled at the provider" }));
}

function settleUnpaid(step: Step): Step {
  const { payment } = step.state;
  if (payment.session_expired && payment.status !== "processing") return end(step, UNPAID);
  const opened = payment.session_id !== null || payment.id !== null;
  if (!opened) return step;
  return become(
    step,
    payment.failure
      ? "payment_failed"
      : payment.status === "requires_action"
        ? "requires_action"
        : "awaiting_payment",
  );
}

function settleDeadline(step: Step): Step {
  const { state, now } = step;
  const late = Date.parse(state.pay_by) <= now.getTime();
  if (state.ending) return settleEnding(step, state.ending);
  if (!late) return step;
  const reason = state.payment.mismatch ?? `not paid by ${state.pay_by}`;
  return settle(end(step, { status: state.payment.mismatch ? "failed" : "expired", reason }));
}

function settleAuthorized(step: Step): Step {
  const { state } = step;
  if (state.plan === null)
    return ask(become(step, "capturing"), { kind: "capture", amount: state.facts.amount });
  const approval = orderApproval(state);
  if (!approval) return askPeople(step);
  switch (approval.status) {
    case "pending":
      return become(step, "awaiting_approval");
    case "approved":
      return ask(become(step, "capturing"), { kind: "capture", amount: state.facts.amount });
    case "rejected":
    case "changes_requested":
    case "expired":
    case "withdrawn":
      return settle(end(step, { status: "rejected", reason: `approval ${approval.status}` }));
  }
}

/** Money is held or was taken, and the policy asks people whether it may be kept. */
function askPeople(step: Step): Step {
  const { id, created_at } = step.state.facts;
  const approval_id = derivedId("apr", new Date(created_at), `${id}:order:1`);
  return ask(become(step, "awaiting_approval"), {
    kind: "open_approval",
    approval_id,
    subject: "order",
    refund_id: null,
  });
}

function settleCaptured(step: Step): Step {
  const { state } = step;
  const approval = orderApproval(state);
  // Captured outside of us before people answered: their answer still decides whether it is kept.
  if (state.plan && !approval) return askPeople(step);
  if (state.plan && approval?.status === "pending") return become(step, "awaiting_approval");
  if (state.plan && approval?.status !== "approved")
    return settle(end(step, { status: "rejected", reason: `approval ${approval?.status}` }));
  const paid = become(drop(drop(step, "capture"), "confirm_payment"), "paid");
  const refunded = refundedAmount(paid.state);
  if (refunded > 0 && refunded >= paid.state.payment.amount_captured)
    return finish(paid, settledStatus(paid.state), "refunded in full");
  return state.facts.fulfilment === "manual"
    ? settleFulfilment(paid)
    : finish(paid, settledStatus(paid.state), null);
}

function settleFulfilment(step: Step): Step {
  const { state, now } = step;
  const open = state.facts.items.some((item) => {
    const wanted = state.facts.items
      .filter((i) => i.sku === item.sku)
      .reduce((sum, i) => sum + i.quantity, 0);
    return fulfilledOf(state, item.sku) < wanted;
  });
  if (!open) return finish(step, settledStatus(state), null);
  const fulfil_by = state.fulfil_by ?? later(now, FULFIL_WITHIN_S);
  if (Date.parse(fulfil_by) <= now.getTime()) return finish(step, "failed", `not fulfilled by ${fulfil_by}`);
  return become(set(step, { fulfil_by }), "fulfilling");
}

/** Gives back what is held, takes no more, and ends when nothing is left to give back. */
function settleEnding(step: Step, ending: Ending): Step {
  const { payment } = step.state;
  const next = callOff(step, ending);
  if (payment.status === "succeeded") return close(giveBack(withoutVoid(next), ending), ending);
  if (holdsAuthorization(payment)) return ask(next, { kind: "void", reason: ending.reason });
  // An opening under way must come back first, or its payment would be left behind.
  if (next.state.todo.some((work) => work.effect.kind === "open_payment")) return next;
  // A page that is open is closed first: only the page can cancel its payment.
  if (isPageOpen(payment)) return ask(next, { kind: "expire_session" });
  return payment.id === null || payment.status === "canceled"
    ? close(withoutVoid(next), ending)
    : ask(next, { kind: "void", reason: ending.reason });
}

const withoutVoid = (step: Step): Step => drop(drop(step, "void"), "expire_session");

/** Nothing more is taken, and nobody is asked any longer whether it may be. */
function callOff(step: Step, ending: Ending): Step {
  const quiet = drop(drop(step, "capture"), "confirm_payment");
  const unasked = set(quiet, {
    todo: quiet.state.todo.filter(
      ({ effect }) => effect.kind !== "open_approval" || effect.subject !== "order",
    ),
  });
  return unasked.state.approvals
    .filter((approval) => approval.kind === "order" && approval.status === "pending")
    .reduce(
      (s, { id }) => ask(s, { kind: "withdraw_approval", approval_id: id, reason: ending.reason }),
      unasked,
    );
}

/**
 * A payment that arrived for an order that ends is refunded once, in full; what a refund of somebody else's then leaves
 * behind follows. One that failed is left to people; one that was refused is asked again only for less, since somebody
 * at the provider was faster with a part of it.
 */
function giveBack(step: Step, ending: Ending): Step {
  const { state } = step;
  const amount = refundableAmount(state);
  const own = state.refunds.filter((r) => r.requested_by === SYSTEM.id);
  const failed = own.filter((r) => r.status === "failed" || r.status === "canceled");
  if (amount <= 0 || failed.some((r) => r.provider_id !== null || r.amount <= amount)) return step;
  const first = state.facts.id.replace("ord_", "rfd_");
  const id = own.length === 0 ? first : derivedId("rfd", step.now, `${first}:${own.length + 1}`);
  const refund: Refund = {
    id,
    amount,
    reason: `the order is ${ending.status}`,
    requested_by: SYSTEM.id,
    status: "requested",
    provider_id: null,
    failure: null,
    approval_id: null,
    plan: null,
  };
  const told = tell(set(step, { refunds: [...state.refunds, refund] }), "payment.late", SYSTEM, {
    amount,
    currency: state.facts.currency,
    because: `the order is ${ending.status}: ${ending.reason}`,
    refund_id: id,
  });
  return ask(told, { kind: "refund", refund_id: id, amount, reason: refund.reason });
}

/** An order that ended well can still be refunded or disputed. */
function settleAfterEnd(step: Step): Step {
  const { state } = step;
  if (state.payment.status !== "succeeded") return step;
  const now = settledStatus(state);
  return now === state.status || state.status === "failed"
    ? step
    : tell(set(step, { status: now }), "order.status_changed", SYSTEM, { from: state.status, to: now });
}

/** What a captured order is, by its refunds and disputes. */
function settledStatus(state: OrderState): EndStatus {
  const refunded = refundedAmount(state);
  if (state.dispute && !["won", "warning_closed"].includes(state.dispute.status)) return "disputed";
  if (refunded >= state.payment.amount_captured && refunded > 0) return "refunded";
  return refunded > 0 ? "partially_refunded" : "completed";
}

/** The end that was decided earlier; said once, also when a late payment had to be given back afterwards. */
function close(step: Step, ending: Ending): Step {
  if (step.state.ended_at !== null) return step;
  return finish(step, ending.status, ending.reason);
}
