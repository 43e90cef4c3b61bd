import { formatMoney } from "./money.ts";
import { type OrderMessage, type OrderState, paidCurrency } from "./order.ts";
import { SYSTEM, type Step, alert, end, ignored, later, set, tell } from "./order-step.ts";

/** How long a held order waits for somebody to decide; then its money is given back. */
const HOLD_S = 3 * 24 * 3_600;

/** What does not fit between the order and its payment; null when all is well. */
export function problemOf(state: OrderState): string | null {
  const { payment, facts, capture, amended_amount } = state;
  if (payment.mismatch !== null) return payment.mismatch;
  const expected = capture.asked ?? capture.wanted ?? amended_amount ?? facts.amount;
  if (payment.status !== "succeeded" || payment.amount_captured === expected) return null;
  const money = (amount: number) => formatMoney({ amount, currency: paidCurrency(state) });
  return `the provider captured ${money(payment.amount_captured)} instead of ${money(expected)}`;
}

/** Whether a problem stops the order: it does until somebody accepts it. */
export const isHeld = ({ hold }: OrderState): boolean => hold !== null && hold.accepted_by === null;

/** Holds an order with a problem, releases one whose problem is gone, and gives up when nobody decides. */
export function settleHold(step: Step): Step {
  const { state, now } = step;
  const problem = problemOf(state);
  const { hold } = state;
  if (problem === null)
    return isHeld(state) ? tell(set(step, { hold: null }), "order.hold_released", SYSTEM) : step;
  if (hold?.reason !== problem) {
    const held = { reason: problem, since: now.toISOString(), until: later(now, HOLD_S), accepted_by: null };
    const told = tell(set(step, { hold: held }), "order.held", SYSTEM, {
      reason: problem,
      until: held.until,
    });
    return alert(told, "order_held", state.facts.id, problem, held.until);
  }
  return hold.accepted_by === null && Date.parse(hold.until) <= now.getTime()
    ? end(step, { status: "failed", reason: problem })
    : step;
}

/** Somebody decides what becomes of a held order. */
export function onResolve(step: Step, message: Extract<OrderMessage, { type: "resolve" }>): Step {
  const { state } = step;
  const { hold } = state;
  if (!hold || !isHeld(state) || state.ended_at !== null || state.ending !== null)
    return ignored(step, "resolve", message.actor, "the order is not held");
  const told = tell(step, "order.hold_resolved", message.actor, {
    action: message.action,
    reason: message.reason,
    problem: hold.reason,
  });
  return message.action === "accept"
    ? set(told, { hold: { ...hold, accepted_by: message.actor.id } })
    : end(told, { status: "failed", reason: hold.reason });
}
