import { derivedId } from "./derived-id.ts";
import { formatMoney } from "./money.ts";
import {
  type OrderMessage,
  type Refund,
  type SessionSnapshot,
  paidCurrency,
  refundsHeardOf,
} from "./order.ts";
import { isCapturedByUs } from "./order-capture.ts";
import { problemOf } from "./order-hold.ts";
import { CUSTOMER, type Step, alert, ignored, providerOf, set, tell } from "./order-step.ts";
import {
  type DisputeSnapshot,
  type PaymentFailure,
  type PaymentSnapshot,
  type RefundSnapshot,
  isDisputeClosed,
  isInquiry,
  mergeDispute,
  mergePayment,
} from "./payment.ts";

// What the provider says of an order: facts that are merged, in whatever order they come.

export function onPayment(step: Step, seen: PaymentSnapshot, source: string): Step {
  const before = step.state.payment;
  if (before.id !== null && before.id !== seen.id) return onSecondPayment(step, seen, source);
  const payment = mergePayment(before, seen, step.state.facts);
  const held = payment.amount_authorized > 0 ? step.now.toISOString() : null;
  let next = set(step, { payment, authorized_at: step.state.authorized_at ?? held });
  const facts = { payment_id: payment.id, source };
  if (before.mismatch === null && payment.mismatch !== null)
    next = tell(next, "payment.mismatch", providerOf(step), { ...facts, problem: payment.mismatch });
  if (payment.status !== before.status || (payment.failure && isAnother(payment.failure, before.failure)))
    next = tellPayment(next, payment.status, facts);
  else if (before.id === null && payment.id !== null)
    next = tell(next, "payment.created", providerOf(step), facts);
  return payment.status === "succeeded" && before.status !== "succeeded" ? tellOutside(next) : next;
}

/** Captured in the provider's dashboard, say, while people or the merchant had not decided yet. */
function tellOutside(step: Step): Step {
  const { facts, payment, capture, plan } = step.state;
  if (!isCapturedByUs({ plan, facts }) || capture.asked !== null) return step;
  // One that does not fit holds the order, and that is told.
  if (problemOf(step.state) !== null) return step;
  const amount = formatMoney({ amount: payment.amount_captured, currency: paidCurrency(step.state) });
  return alert(
    step,
    "captured_outside",
    payment.id ?? facts.id,
    `${amount} were captured at the provider before this order asked for it`,
  );
}

/** Money of another payment that names this order: a person must look, since the customer may have paid twice. */
function onSecondPayment(step: Step, seen: PaymentSnapshot, source: string): Step {
  const { strays, payment } = step.state;
  const because = "another payment is attached to this order";
  const told = ignored(step, "payment.seen", providerOf(step), because, { payment_id: seen.id, source });
  const moved = seen.amount_captured + seen.amount_capturable > 0;
  return moved && !strays.includes(seen.id)
    ? alert(
        set(told, { strays: [...strays, seen.id] }),
        "second_payment",
        seen.id,
        `${formatMoney(seen)} were paid once more, beside ${payment.id}`,
      )
    : told;
}

const isAnother = (failure: PaymentFailure, before: PaymentFailure | null): boolean =>
  failure.code !== before?.code || (failure.attempt ?? null) !== (before.attempt ?? null);

function tellPayment(step: Step, status: PaymentSnapshot["status"], facts: Record<string, unknown>): Step {
  const { payment } = step.state;
  switch (status) {
    case "requires_payment_method":
      return payment.failure
        ? tell(step, "payment.failed", CUSTOMER, {
            ...facts,
            code: payment.failure.code,
            message: payment.failure.message,
          })
        : step;
    case "requires_confirmation":
      return step;
    case "requires_action":
      return tell(step, "payment.requires_action", providerOf(step), facts);
    case "processing":
      return tell(step, "payment.processing", providerOf(step), facts);
    case "requires_capture":
      return tell(step, "payment.authorized", providerOf(step), {
        ...facts,
        amount: payment.amount_authorized,
        currency: paidCurrency(step.state),
        capture_before: payment.capture_before,
      });
    case "succeeded":
      return tell(step, "payment.captured", providerOf(step), {
        ...facts,
        amount: payment.amount_captured,
        currency: paidCurrency(step.state),
      });
    case "canceled":
      return tell(step, "payment.voided", providerOf(step), facts);
  }
}

export function onSession(step: Step, session: SessionSnapshot, source: string): Step {
  const { payment } = step.state;
  if (payment.session_id !== null && payment.session_id !== session.id)
    return ignored(
      step,
      "session.seen",
      providerOf(step),
      "another checkout session is attached to this order",
      {
        session_id: session.id,
      },
    );
  const known = set(step, {
    payment: {
      ...payment,
      id: payment.id ?? session.payment_id,
      session_id: session.id,
      session_complete: payment.session_complete || session.status === "complete",
      session_expired: payment.session_expired || session.status === "expired",
      checkout_url: payment.checkout_url ?? session.url,
    },
  });
  const told =
    session.status === "expired" && !payment.session_expired
      ? tell(known, "checkout.expired", providerOf(step), { session_id: session.id, source })
      : payment.session_id === null
        ? tell(known, "checkout.opened", providerOf(step), { session_id: session.id, source })
        : known;
  return session.payment ? onPayment(told, session.payment, source) : told;
}

export function onRefund(step: Step, seen: RefundSnapshot, source: string): Step {
  const { refunds } = step.state;
  const known = refunds.find(
    (r) => r.provider_id === seen.id || (seen.refund_id !== null && r.id === seen.refund_id),
  );
  if (!known) {
    const outside: Refund = {
      id: derivedId("rfd", step.now, seen.id),
      amount: seen.amount,
      reason: "made at the provider",
      requested_by: null,
      status: seen.status,
      provider_id: seen.id,
      failure: seen.failure,
      approval_id: null,
      plan: null,
    };
    return tellRefund(set(step, { refunds: [...refunds, outside] }), outside, source);
  }
  // succeeded, failed and canceled are final once the provider says so, except that a refund may fail after it succeeded.
  const final = known.provider_id !== null && (known.status === "failed" || known.status === "canceled");
  const backward = known.status === "succeeded" && seen.status !== "failed" && seen.status !== "succeeded";
  if (final || backward || (known.status === seen.status && known.provider_id === seen.id)) return step;
  const merged: Refund = { ...known, status: seen.status, provider_id: seen.id, failure: seen.failure };
  const next = set(step, { refunds: refunds.map((r) => (r.id === known.id ? merged : r)) });
  return tellRefund(next, merged, source);
}

function tellRefund(step: Step, refund: Refund, source: string): Step {
  const told = tell(step, `refund.${refund.status}`, providerOf(step), {
    refund_id: refund.id,
    provider_id: refund.provider_id,
    amount: refund.amount,
    currency: paidCurrency(step.state),
    failure: refund.failure,
    source,
  });
  return refund.status === "failed" ? alertRefund(told, refund) : told;
}

/** The customer's money is back at the merchant, and nothing will send it again by itself. */
export function alertRefund(step: Step, refund: Refund): Step {
  const money = formatMoney({ amount: refund.amount, currency: paidCurrency(step.state) });
  const because = (refund.failure ?? "no reason given").replace(/\.$/, "").replaceAll("_", " ");
  return alert(step, "refund_failed", refund.id, `a refund of ${money} failed: ${because}`);
}

export function onChargeRefunded(
  step: Step,
  { payment_id = null, amount_refunded: amount, source }: Extract<OrderMessage, { type: "charge.refunded" }>,
): Step {
  const { payment, refunded_at_provider } = step.state;
  if (payment_id !== null && payment.id !== null && payment_id !== payment.id)
    return ignored(step, "charge.refunded", providerOf(step), "another payment is attached to this order", {
      payment_id,
      source,
    });
  if (amount <= refunded_at_provider) return step;
  const before = refundsHeardOf(step.state);
  const next = set(step, { refunded_at_provider: amount });
  const after = refundsHeardOf(next.state);
  return after === before
    ? next
    : tell(next, "payment.refunded", providerOf(step), {
        amount_refunded: after,
        currency: paidCurrency(step.state),
        source,
      });
}

export function onDispute(step: Step, seen: DisputeSnapshot, source: string): Step {
  const { disputes } = step.state;
  const known = disputes.find((dispute) => dispute.id === seen.id);
  const dispute = known ? mergeDispute(known, seen) : seen;
  const told = (next: Step, what: string) =>
    tell(next, `dispute.${what}`, providerOf(step), {
      dispute_id: dispute.id,
      status: dispute.status,
      reason: dispute.reason,
      amount: dispute.amount,
      currency: paidCurrency(step.state),
      source,
    });
  let next = set(step, {
    disputes: known ? disputes.map((each) => (each === known ? dispute : each)) : [...disputes, dispute],
  });
  if (!known) next = told(next, "opened");
  else if (dispute.status !== known.status && !isDisputeClosed(dispute)) next = told(next, "updated");
  if (dispute.withdrawn > (known?.withdrawn ?? 0)) next = told(next, "funds_withdrawn");
  if (dispute.reinstated > (known?.reinstated ?? 0)) next = told(next, "funds_reinstated");
  if (isDisputeClosed(dispute) && dispute.status !== known?.status) next = told(next, "closed");
  return alertDispute(next, known, dispute);
}

/** The operator has to answer when it is opened or becomes serious, and has to know when it is lost. */
function alertDispute(step: Step, before: DisputeSnapshot | undefined, dispute: DisputeSnapshot): Step {
  const money = formatMoney({ amount: dispute.amount, currency: paidCurrency(step.state) });
  const because = dispute.reason.replaceAll("_", " ");
  if (dispute.status === "lost" && before?.status !== "lost")
    return alert(step, "dispute_lost", dispute.id, `the dispute over ${money} is lost (${because})`);
  if (!before && isInquiry(dispute))
    return alert(
      step,
      "inquiry_opened",
      dispute.id,
      `the customer's bank asks about ${money} (${because}); no money was taken so far`,
    );
  return !isInquiry(dispute) && !isDisputeClosed(dispute) && (!before || isInquiry(before))
    ? alert(step, "dispute_opened", dispute.id, `the customer disputes ${money} (${because})`)
    : step;
}
