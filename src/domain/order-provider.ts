import { derivedId } from "./derived-id.ts";
import { type Refund, type SessionSnapshot, refundsHeardOf } from "./order.ts";
import { CUSTOMER, PROVIDER, type Step, ignored, set, tell } from "./order-step.ts";
import { type DisputeSnapshot, type PaymentSnapshot, type RefundSnapshot, mergePayment } from "./payment.ts";

// What the provider says of an order: facts that are merged, in whatever order they come.

export function onPayment(step: Step, seen: PaymentSnapshot, source: string): Step {
  const before = step.state.payment;
  if (before.id !== null && before.id !== seen.id)
    return ignored(step, "payment.seen", PROVIDER, `another payment is attached to this order`, {
      payment_id: seen.id,
      source,
    });
  const payment = mergePayment(before, seen, step.state.facts);
  let next = set(step, { payment });
  const facts = { payment_id: payment.id, source };
  if (before.mismatch === null && payment.mismatch !== null)
    next = tell(next, "payment.mismatch", PROVIDER, { ...facts, problem: payment.mismatch });
  if (payment.status !== before.status || (payment.failure && payment.failure.code !== before.failure?.code))
    next = tellPayment(next, payment.status, facts);
  else if (before.id === null && payment.id !== null) next = tell(next, "payment.created", PROVIDER, facts);
  return next;
}

function tellPayment(step: Step, status: PaymentSnapshot["status"], facts: Record<string, unknown>): Step {
  const { payment } = step.state;
  switch (status) {
    case "requires_payment_method":
      return payment.failure
        ? tell(step, "payment.failed", CUSTOMER, { ...facts, ...payment.failure })
        : step;
    case "requires_confirmation":
      return step;
    case "requires_action":
      return tell(step, "payment.requires_action", PROVIDER, facts);
    case "processing":
      return tell(step, "payment.processing", PROVIDER, facts);
    case "requires_capture":
      return tell(step, "payment.authorized", PROVIDER, {
        ...facts,
        amount: payment.amount_authorized,
        currency: step.state.facts.currency,
        capture_before: payment.capture_before,
      });
    case "succeeded":
      return tell(step, "payment.captured", PROVIDER, {
        ...facts,
        amount: payment.amount_captured,
        currency: step.state.facts.currency,
      });
    case "canceled":
      return tell(step, "payment.voided", PROVIDER, facts);
  }
}

export function onSession(step: Step, session: SessionSnapshot, source: string): Step {
  const { payment } = step.state;
  if (payment.session_id !== null && payment.session_id !== session.id)
    return ignored(step, "session.seen", PROVIDER, "another checkout session is attached to this order", {
      session_id: session.id,
    });
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
      ? tell(known, "checkout.expired", PROVIDER, { session_id: session.id, source })
      : payment.session_id === null
        ? tell(known, "checkout.opened", PROVIDER, { session_id: session.id, source })
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

const tellRefund = (step: Step, refund: Refund, source: string): Step =>
  tell(step, `refund.${refund.status}`, PROVIDER, {
    refund_id: refund.id,
    provider_id: refund.provider_id,
    amount: refund.amount,
    currency: step.state.facts.currency,
    failure: refund.failure,
    source,
  });

export function onChargeRefunded(step: Step, amount: number, source: string): Step {
  if (amount <= step.state.refunded_at_provider) return step;
  const before = refundsHeardOf(step.state);
  const next = set(step, { refunded_at_provider: amount });
  const after = refundsHeardOf(next.state);
  return after === before
    ? next
    : tell(next, "payment.refunded", PROVIDER, {
        amount_refunded: after,
        currency: step.state.facts.currency,
        source,
      });
}

const DISPUTE_RANK: Record<string, number> = {
  won: 3,
  lost: 3,
  warning_closed: 3,
  under_review: 2,
  warning_under_review: 2,
};

export function onDispute(step: Step, seen: DisputeSnapshot, source: string): Step {
  const known = step.state.dispute;
  const forward = !known || (DISPUTE_RANK[seen.status] ?? 1) > (DISPUTE_RANK[known.status] ?? 1);
  if (!forward) return step;
  const type = known
    ? ["won", "lost", "warning_closed"].includes(seen.status)
      ? "dispute.closed"
      : "dispute.updated"
    : "dispute.opened";
  return tell(set(step, { dispute: seen }), type, PROVIDER, {
    ...seen,
    dispute_id: seen.id,
    currency: step.state.facts.currency,
    source,
  });
}
