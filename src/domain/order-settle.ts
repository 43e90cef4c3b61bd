import { type ApprovalView, subjectHash } from "./approval.ts";
import { derivedId } from "./derived-id.ts";
import { type EndStatus, type Ending, type OrderState, orderApproval, refundedAmount } from "./order.ts";
import { settleCapture } from "./order-capture.ts";
import { fulfilledOf } from "./order-commands.ts";
import { isPageOpen, settleEnding } from "./order-ending.ts";
import { isHeld, settleHold } from "./order-hold.ts";
import { subjectOf } from "./order-subject.ts";
import { SYSTEM, type Step, ask, drop, end, finish, later, set, become, tell } from "./order-step.ts";
import { isDisputeOver } from "./payment.ts";

const FULFIL_WITHIN_S = 30 * 24 * 3_600;

/**
 * What follows from the facts, whatever message brought them. Because it looks at facts alone, the order in which they
 * became known does not matter.
 */
export function settle(step: Step): Step {
  const { state } = step;
  if (state.ending) return settleEnding(step, state.ending);
  if (state.ended_at) return settleAfterEnd(step);
  const held = settleHold(step);
  if (held.state.ending) return settleEnding(held, held.state.ending);
  return isHeld(held.state) ? settleHeld(held) : settlePayment(held);
}

/** Nothing goes on until somebody decides; what the order is, is still shown. */
function settleHeld(step: Step): Step {
  const quiet = drop(step, "capture");
  const { payment } = quiet.state;
  if (payment.status === "requires_capture") return become(quiet, "authorized");
  if (payment.status === "succeeded") return become(quiet, "paid");
  return payment.status === "canceled" ? settleCanceled(quiet) : settleDeadline(settleUnpaid(quiet));
}

function settlePayment(step: Step): Step {
  switch (step.state.payment.status) {
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

/** A page that expires cancels its payment, and either may be heard of first: the page says which it was. */
function settleCanceled(step: Step): Step {
  const { payment } = step.state;
  if (payment.session_expired) return settle(end(step, UNPAID));
  if (isPageOpen(payment)) return settleDeadline(ask(step, { kind: "expire_session" }));
  if (payment.cancellation_reason === "automatic")
    return settle(
      end(step, { status: "expired", reason: "the authorization lapsed before it was captured" }),
    );
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
  if (state.ending) return settleEnding(step, state.ending);
  return Date.parse(state.pay_by) <= now.getTime()
    ? settle(end(step, { status: "expired", reason: `not paid by ${state.pay_by}` }))
    : step;
}

function settleAuthorized(step: Step): Step {
  const { state } = step;
  if (state.plan === null) return settleApproved(step);
  const approval = orderApproval(state);
  if (!approval) return askPeople(step);
  switch (approval.status) {
    case "pending":
    case "changes_requested":
      return become(step, "awaiting_approval");
    case "approved":
      return isStale(state, approval) ? askPeople(step) : settleApproved(step);
    case "rejected":
    case "expired":
    case "withdrawn":
      return settle(end(step, { status: "rejected", reason: `approval ${approval.status}` }));
  }
}

/** What was approved is not what the order is by now: it was amended while the last person decided. */
const isStale = (state: OrderState, { subject_hash }: ApprovalView): boolean =>
  subject_hash !== null && subject_hash !== subjectHash(subjectOf(state, null));

function settleApproved(step: Step): Step {
  const next = settleCapture(step);
  return next.state.ending ? settleEnding(next, next.state.ending) : next;
}

/** Money is held or was taken, and the policy asks people whether it may be kept. */
function askPeople(step: Step): Step {
  const { id, created_at } = step.state.facts;
  const number = step.state.approvals.filter((approval) => approval.kind === "order").length + 1;
  const approval_id = derivedId("apr", new Date(created_at), `${id}:order:${number}`);
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
  if (state.plan && (approval?.status === "pending" || approval?.status === "changes_requested"))
    return become(step, "awaiting_approval");
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
  if (state.disputes.some((dispute) => !isDisputeOver(dispute))) return "disputed";
  if (refunded >= state.payment.amount_captured && refunded > 0) return "refunded";
  return refunded > 0 ? "partially_refunded" : "completed";
}
