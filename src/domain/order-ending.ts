import { derivedId } from "./derived-id.ts";
import { type Ending, type Refund, paidCurrency, refundableAmount } from "./order.ts";
import { SYSTEM, type Step, ask, drop, finish, set, tell } from "./order-step.ts";
import { type PaymentState, holdsAuthorization } from "./payment.ts";

/** Whether the hosted page can still change: the customer neither paid nor ran out of time. */
export const isPageOpen = (payment: PaymentState): boolean =>
  payment.session_id !== null &&
  !payment.session_complete &&
  !payment.session_expired &&
  payment.amount_authorized === 0;

/** Gives back what is held, takes no more, and ends when nothing is left to give back. */
export function settleEnding(step: Step, ending: Ending): Step {
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
  const quiet = drop(drop(drop(step, "capture"), "confirm_payment"), "amend_approval");
  const unasked = set(quiet, {
    todo: quiet.state.todo.filter(
      ({ effect }) => effect.kind !== "open_approval" || effect.subject !== "order",
    ),
  });
  return unasked.state.approvals
    .filter(
      (approval) =>
        approval.kind === "order" &&
        (approval.status === "pending" || approval.status === "changes_requested"),
    )
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
    currency: paidCurrency(state),
    because: `the order is ${ending.status}: ${ending.reason}`,
    refund_id: id,
  });
  return ask(told, { kind: "refund", refund_id: id, amount, reason: refund.reason });
}

/** The end that was decided earlier; said once, also when a late payment had to be given back afterwards. */
function close(step: Step, ending: Ending): Step {
  if (step.state.ended_at !== null) return step;
  return finish(step, ending.status, ending.reason);
}
