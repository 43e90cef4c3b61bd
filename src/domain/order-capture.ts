import { type OrderMessage, type OrderState, paidCurrency } from "./order.ts";
import { isHeld } from "./order-hold.ts";
import { type Step, alert, ask, become, end, ignored, later, set, tell } from "./order-step.ts";
import { holdsAuthorization } from "./payment.ts";
import { earliest } from "./todo.ts";

// When an authorized payment is captured, and how much of it.

const HOUR_S = 3_600;
/** How long before an authorization lapses the operator is told, and the order given up. */
const WARN_BEFORE_S = 24 * HOUR_S;
const GIVE_UP_BEFORE_S = HOUR_S;
/** Cards hold an authorization for 7 days (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method); this is for one that does not say. */
const LAPSES_AFTER_S = 6 * 24 * HOUR_S;

/** Whether the provider holds the money until we capture it: people decide first, or the merchant does. */
export const isCapturedByUs = ({ plan, facts }: Pick<OrderState, "plan" | "facts">): boolean =>
  plan !== null || facts.capture === "manual";

/** The most that may be captured: what was ordered or, when something else was accepted in its place, what is held. */
export const capturableAmount = ({ facts, payment, amended_amount }: OrderState): number =>
  payment.mismatch !== null && payment.amount_authorized > 0
    ? payment.amount_authorized
    : (amended_amount ?? facts.amount);

const isUpToMerchant = ({ facts, capture, payment }: OrderState): boolean =>
  facts.capture === "manual" && capture.wanted === null && holdsAuthorization(payment);

/** When the order must be looked at, because its authorization is about to lapse. */
export function captureWakeAt(state: OrderState): string | null {
  const waits = state.status === "authorized" && isUpToMerchant(state) && !isHeld(state);
  const lapses = waits ? lapsesAt(state) : null;
  if (lapses === null) return null;
  return earliest(state.lapse_told ? null : before(lapses, WARN_BEFORE_S), before(lapses, GIVE_UP_BEFORE_S));
}

const before = (time: string, seconds: number) => later(new Date(time), -seconds);

function lapsesAt({ payment, authorized_at }: OrderState): string | null {
  if (payment.capture_before !== null) return payment.capture_before;
  return authorized_at === null ? null : later(new Date(authorized_at), LAPSES_AFTER_S);
}

/** Nothing stands in the way: captures, or waits until the merchant says so, but not longer than the authorization lasts. */
export function settleCapture(step: Step): Step {
  const { state, now } = step;
  const { facts, capture, payment } = state;
  if (!isUpToMerchant(state)) {
    const most = capturableAmount(state);
    const amount = Math.min(capture.wanted ?? most, most);
    return ask(set(become(step, "capturing"), { capture: { ...capture, asked: amount } }), {
      kind: "capture",
      amount,
    });
  }
  const waiting = become(step, "authorized");
  const lapses = lapsesAt(state);
  if (lapses === null) return waiting;
  if (Date.parse(before(lapses, GIVE_UP_BEFORE_S)) <= now.getTime())
    return end(waiting, {
      status: "expired",
      reason: `not captured before the authorization lapses, ${lapses}`,
    });
  if (state.lapse_told || Date.parse(before(lapses, WARN_BEFORE_S)) > now.getTime()) return waiting;
  return alert(
    set(waiting, { lapse_told: true }),
    "authorization_lapsing",
    payment.id ?? facts.id,
    "nobody has captured this payment, and its authorization is about to lapse",
    before(lapses, GIVE_UP_BEFORE_S),
  );
}

/** The merchant captures: all of it, or less than was authorized. */
export function onCapture(step: Step, message: Extract<OrderMessage, { type: "capture" }>): Step {
  const { state } = step;
  const { payment } = state;
  const most = capturableAmount(state);
  const amount = message.amount ?? most;
  const because =
    state.ended_at !== null || state.ending !== null
      ? `the order is already ${state.ending?.status ?? state.status}`
      : !isCapturedByUs(state)
        ? "the payment is captured as soon as it is paid"
        : state.capture.asked !== null || payment.amount_captured > 0
          ? "the payment is already being captured"
          : amount > most
            ? `at most ${most} can be captured`
            : null;
  if (because !== null) return ignored(step, "capture", message.actor, because, { amount });
  return tell(
    set(step, { capture: { ...state.capture, wanted: amount } }),
    "payment.capture_requested",
    message.actor,
    { amount, currency: paidCurrency(state) },
  );
}
