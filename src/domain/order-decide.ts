import type { ApprovalView } from "./approval.ts";
import type { Actor, AuditDraft } from "./audit-entry.ts";
import { derivedId } from "./derived-id.ts";
import {
  isEnd,
  orderApproval,
  refundableAmount,
  refundedAmount,
  refundsHeardOf,
  type EffectResult,
  type EndStatus,
  type Ending,
  type OrderEffect,
  type OrderFacts,
  type OrderMessage,
  type OrderState,
  type OrderStatus,
  type Refund,
  type SessionSnapshot,
} from "./order.ts";
import {
  holdsAuthorization,
  mergePayment,
  newPayment,
  type DisputeSnapshot,
  type PaymentSnapshot,
  type PaymentState,
  type RefundSnapshot,
} from "./payment.ts";
import type { ApprovalPlan } from "./policy.ts";
import { earliest, isDue, postponed, todo, worthTelling, type Todo } from "./todo.ts";

/** How long a customer may take to pay, and a merchant to fulfil. */
const PAY_WITHIN_S = 24 * 3_600;
const FULFIL_WITHIN_S = 30 * 24 * 3_600;

const SYSTEM: Actor = { type: "system", id: "countersign" };
const PROVIDER: Actor = { type: "provider", id: "stripe" };
const CUSTOMER: Actor = { type: "customer", id: "customer" };

/** A state on its way to the next, with what there is to tell. Every rule below takes one and returns one. */
interface Step {
  state: OrderState;
  entries: AuditDraft[];
  now: Date;
  /** The work whose outcome this is: when it turns out that it has to be done again, it waits as after a failure. */
  answered?: Todo<OrderEffect>;
}

export interface Decided {
  state: OrderState;
  entries: AuditDraft[];
}

const later = (now: Date, seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();

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
  dispute: null,
  fulfilled: {},
  ending: null,
  pay_by: later(new Date(facts.created_at), payWithinS),
  fulfil_by: null,
  todo: [],
  serial: 0,
  ended_at: null,
});

const set = (step: Step, change: Partial<OrderState>): Step => ({
  ...step,
  state: { ...step.state, ...change },
});

const tell = (step: Step, type: string, actor: Actor, data: Record<string, unknown> = {}): Step => ({
  ...step,
  entries: [...step.entries, { type, actor, data }],
});

/** What an effect is about, beyond its kind: an order has one payment, but several refunds and approvals. */
const objectOf = (effect: OrderEffect): string | null =>
  "approval_id" in effect ? effect.approval_id : effect.kind === "refund" ? effect.refund_id : null;

/** Asks for work, unless the same is already under way: at most one capture is ever outstanding. */
function ask(step: Step, effect: OrderEffect): Step {
  const same = (other: OrderEffect) => other.kind === effect.kind && objectOf(other) === objectOf(effect);
  if (step.state.todo.some((work) => same(work.effect))) return step;
  const serial = step.state.serial + 1;
  const work = todo(`${step.state.facts.id}:${effect.kind}:${serial}`, effect, step.now);
  const { answered } = step;
  const waits = answered !== undefined && same(answered.effect);
  const asked = waits ? postponed({ ...work, attempts: answered.attempts }, step.now) : work;
  return set(step, { serial, todo: [...step.state.todo, asked] });
}

const drop = (step: Step, kind: OrderEffect["kind"]): Step =>
  set(step, { todo: step.state.todo.filter((work) => work.effect.kind !== kind) });

/** What no longer applies is answered, not thrown: an entry that says why, and the same state. */
const ignored = (
  step: Step,
  what: string,
  actor: Actor,
  because: string,
  data: Record<string, unknown> = {},
): Step => tell(step, "message.ignored", actor, { message: what, because, ...data });

// --- what the provider says -----------------------------------------------------------------------------------------

function onPayment(step: Step, seen: PaymentSnapshot, source: string): Step {
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

function onSession(step: Step, session: SessionSnapshot, source: string): Step {
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

function onRefund(step: Step, seen: RefundSnapshot, source: string): Step {
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

function onChargeRefunded(step: Step, amount: number, source: string): Step {
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

function onDispute(step: Step, seen: DisputeSnapshot, source: string): Step {
  const known = step.state.dispute;
  const forward = !known || (DISPUTE_RANK[seen.status] ?? 1) > (DISPUTE_RANK[known.status] ?? 1);
  if (!forward) return step;
  const type = known
    ? ["won", "lost", "warning_closed"].includes(seen.status)
      ? "dispute.closed"
      : "dispute.updated"
    : "dispute.opened";
  return tell(set(step, { dispute: seen }), type, PROVIDER, { ...seen, dispute_id: seen.id, source });
}

// --- what people and programs ask -----------------------------------------------------------------------------------

function onCancel(step: Step, message: Extract<OrderMessage, { type: "cancel" }>): Step {
  const { state } = step;
  if (state.ended_at !== null || state.ending !== null)
    return ignored(
      step,
      "cancel",
      message.actor,
      `the order is already ${state.ending?.status ?? state.status}`,
    );
  if (state.payment.amount_captured > 0)
    return ignored(step, "cancel", message.actor, "the payment is captured; refund it instead");
  return end(tell(step, "order.cancel_requested", message.actor, { reason: message.reason }), {
    status: "cancelled",
    reason: message.reason,
  });
}

function onRefundCommand(step: Step, message: Extract<OrderMessage, { type: "refund" }>): Step {
  const { state } = step;
  if (state.refunds.some((r) => r.id === message.refund_id)) return step;
  const refundable = refundableAmount(state);
  const amount = message.amount ?? refundable;
  if (amount <= 0 || amount > refundable)
    return ignored(step, "refund", message.actor, `only ${refundable} can still be refunded`, {
      refund_id: message.refund_id,
      amount,
    });
  const approval_id = message.plan
    ? derivedId("apr", step.now, `${state.facts.id}:${message.refund_id}`)
    : null;
  const refund: Refund = {
    id: message.refund_id,
    amount,
    reason: message.reason,
    requested_by: message.actor.id,
    status: approval_id ? "awaiting_approval" : "requested",
    provider_id: null,
    failure: null,
    approval_id,
    plan: message.plan,
  };
  const asked = tell(set(step, { refunds: [...state.refunds, refund] }), "refund.requested", message.actor, {
    refund_id: refund.id,
    amount,
    currency: state.facts.currency,
    reason: refund.reason,
    needs_approval: approval_id !== null,
  });
  return approval_id
    ? ask(asked, { kind: "open_approval", approval_id, subject: "refund", refund_id: refund.id })
    : ask(asked, { kind: "refund", refund_id: refund.id, amount, reason: refund.reason });
}

/** A SKU is anybody's text, `constructor` too. */
const fulfilledOf = ({ fulfilled }: OrderState, sku: string): number =>
  Object.hasOwn(fulfilled, sku) ? (fulfilled[sku] ?? 0) : 0;

function onFulfilment(step: Step, message: Extract<OrderMessage, { type: "fulfilment" }>): Step {
  const { state } = step;
  const wanted = state.facts.items
    .filter((i) => i.sku === message.sku)
    .reduce((sum, i) => sum + i.quantity, 0);
  const done = fulfilledOf(state, message.sku) + message.quantity;
  if (state.status !== "fulfilling")
    return ignored(step, "fulfilment", message.actor, `the order is ${state.status}`);
  if (done > wanted)
    return ignored(
      step,
      "fulfilment",
      message.actor,
      `${message.sku}: ${wanted} ordered, ${done} would be fulfilled`,
    );
  return tell(
    set(step, { fulfilled: { ...state.fulfilled, [message.sku]: done } }),
    "fulfilment.item",
    message.actor,
    {
      sku: message.sku,
      quantity: message.quantity,
      fulfilled: done,
      of: wanted,
    },
  );
}

function onPaymentMethod(step: Step, message: Extract<OrderMessage, { type: "payment_method" }>): Step {
  const { payment, ended_at, ending, todo: works } = step.state;
  const open = payment.status === "requires_payment_method" && payment.id !== null && !ended_at && !ending;
  if (!open) return ignored(step, "payment_method", message.actor, `the payment is ${payment.status}`);
  if (works.some((work) => work.effect.kind === "confirm_payment"))
    return ignored(step, "payment_method", message.actor, "an attempt to pay is under way");
  // A new attempt: how the last one failed no longer says how far the payment is.
  return ask(tell(set(step, { payment: { ...payment, failure: null } }), "payment.retried", message.actor), {
    kind: "confirm_payment",
    payment_method: message.payment_method,
  });
}

// --- what approvals say ---------------------------------------------------------------------------------------------

function onApproval(step: Step, approval: ApprovalView, entries: AuditDraft[]): Step {
  const known = step.state.approvals.find((a) => a.id === approval.id);
  // A report that was delivered before, to an earlier segment perhaps.
  if (known && known.version >= approval.version) return step;
  // Withdrawn by us: a report from before that must not open it again.
  const reopens = known && known.status !== "pending" && approval.status === "pending";
  const heard = reopens ? { ...known, version: approval.version } : approval;
  const approvals = known
    ? step.state.approvals.map((a) => (a.id === approval.id ? heard : a))
    : [...step.state.approvals, heard];
  const told: Step = { ...set(step, { approvals }), entries: [...step.entries, ...entries] };
  return approval.kind === "refund" ? onRefundApproval(told, approval.refund_id, approval.status) : told;
}

function onRefundApproval(step: Step, refundId: string | null, status: string): Step {
  const refund = step.state.refunds.find((r) => r.id === refundId && r.status === "awaiting_approval");
  if (!refund || status === "pending") return step;
  const change = (to: Refund["status"]): Step =>
    set(step, { refunds: step.state.refunds.map((r) => (r.id === refund.id ? { ...r, status: to } : r)) });
  return status === "approved"
    ? ask(change("requested"), {
        kind: "refund",
        refund_id: refund.id,
        amount: refund.amount,
        reason: refund.reason,
      })
    : tell(change("rejected"), "refund.rejected", SYSTEM, {
        refund_id: refund.id,
        because: `approval ${status}`,
      });
}

// --- what became of our own work ------------------------------------------------------------------------------------

function onDone(step: Step, key: string, result: EffectResult): Step {
  // What the provider answered is true, also when the work was called off meanwhile.
  const work = step.state.todo.find((w) => w.key === key);
  const rest: Step = work
    ? { ...set(step, { todo: step.state.todo.filter((w) => w.key !== key) }), answered: work }
    : step;
  const source = `effect ${key}`;
  switch (result.kind) {
    case "payment":
      return onPayment(rest, result.payment, source);
    case "session":
      return onSession(rest, result.session, source);
    case "refund":
      return onRefund(rest, result.refund, source);
    case "approval":
      return onApproval(rest, result.approval, []);
    case "done":
      return work?.effect.kind === "withdraw_approval" ? withdrawn(rest, work.effect.approval_id) : rest;
  }
}

/** Its own report follows; until then nobody waits for it. */
const withdrawn = (step: Step, id: string): Step =>
  set(step, {
    approvals: step.state.approvals.map((a) =>
      a.id === id && a.status === "pending" ? { ...a, status: "withdrawn" } : a,
    ),
  });

function onFailed(step: Step, message: Extract<OrderMessage, { type: "effect.failed" }>): Step {
  const work = step.state.todo.find((w) => w.key === message.key);
  if (!work) return step;
  if (message.retry) {
    const again = postponed(work, step.now);
    const waiting = set(step, { todo: step.state.todo.map((w) => (w === work ? again : w)) });
    return worthTelling(again.attempts)
      ? tell(waiting, "effect.retrying", SYSTEM, {
          effect: work.effect.kind,
          reason: message.reason,
          attempts: again.attempts,
          retry_at: again.due_at,
        })
      : waiting;
  }
  const others = step.state.todo.filter((w) => w !== work);
  const given = tell({ ...set(step, { todo: others }), answered: work }, "effect.failed", SYSTEM, {
    effect: work.effect.kind,
    code: message.code,
    reason: message.reason,
  });
  return onRefused(given, work.effect, message.reason);
}

/** What the provider refused for good: the order cannot go on, or the refund has failed. */
function onRefused(step: Step, effect: OrderEffect, reason: string): Step {
  switch (effect.kind) {
    case "open_payment":
    case "capture":
      return end(step, { status: "failed", reason });
    case "refund":
      return refundRefused(step, effect.refund_id, reason);
    case "void":
      return set(step, { payment: { ...step.state.payment, status: "canceled" } });
    case "expire_session":
      return set(step, { payment: { ...step.state.payment, session_expired: true } });
    case "open_approval":
      return effect.refund_id === null
        ? end(step, { status: "failed", reason })
        : refundRefused(step, effect.refund_id, reason);
    case "withdraw_approval":
      return withdrawn(step, effect.approval_id);
    case "confirm_payment":
      return step;
  }
}

const refundRefused = (step: Step, id: string, reason: string): Step =>
  set(step, {
    refunds: step.state.refunds.map((r) =>
      r.id === id && r.provider_id === null ? { ...r, status: "failed", failure: reason } : r,
    ),
  });

// --- what follows ---------------------------------------------------------------------------------------------------

/** The order will end like this; its money is given back first. */
const end = (step: Step, ending: Ending): Step =>
  step.state.ending || step.state.ended_at ? step : set(step, { ending });

/**
 * What follows from the facts, whatever message brought them. Because it looks at facts alone, the order in which they
 * became known does not matter.
 */
function settle(step: Step): Step {
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
  return status(
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
    return ask(status(step, "capturing"), { kind: "capture", amount: state.facts.amount });
  const approval = orderApproval(state);
  if (!approval) return askPeople(step);
  switch (approval.status) {
    case "pending":
      return status(step, "awaiting_approval");
    case "approved":
      return ask(status(step, "capturing"), { kind: "capture", amount: state.facts.amount });
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
  return ask(status(step, "awaiting_approval"), {
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
  if (state.plan && approval?.status === "pending") return status(step, "awaiting_approval");
  if (state.plan && approval?.status !== "approved")
    return settle(end(step, { status: "rejected", reason: `approval ${approval?.status}` }));
  const paid = status(drop(drop(step, "capture"), "confirm_payment"), "paid");
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
  return status(set(step, { fulfil_by }), "fulfilling");
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

const status = (step: Step, to: OrderStatus): Step =>
  step.state.status === to ? step : set(step, { status: to });

function finish(step: Step, to: EndStatus, reason: string | null): Step {
  const ended = set(step, { status: to, ended_at: step.now.toISOString() });
  return tell(ended, `order.${to}`, SYSTEM, reason === null ? {} : { reason });
}

/** The end that was decided earlier; said once, also when a late payment had to be given back afterwards. */
function close(step: Step, ending: Ending): Step {
  if (step.state.ended_at !== null) return step;
  return finish(step, ending.status, ending.reason);
}

function onMessage(step: Step, message: OrderMessage): Step {
  switch (message.type) {
    case "submitted":
      return step.state.serial > 0 || step.state.ended_at
        ? step
        : ask(tellSubmitted(step), { kind: "open_payment" });
    case "payment.seen":
      return onPayment(step, message.payment, message.source);
    case "session.seen":
      return onSession(step, message.session, message.source);
    case "refund.seen":
      return onRefund(step, message.refund, message.source);
    case "charge.refunded":
      return onChargeRefunded(step, message.amount_refunded, message.source);
    case "dispute.seen":
      return onDispute(step, message.dispute, message.source);
    case "approval.reported":
      return onApproval(step, message.approval, message.entries);
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
    case "effect.done":
      return onDone(step, message.key, message.result);
    case "effect.failed":
      return onFailed(step, message);
    case "clock":
      return step;
  }
}

const tellSubmitted = (step: Step): Step => {
  const { facts, plan } = step.state;
  return tell(
    step,
    "order.created",
    { type: "api", id: facts.requested_by ?? facts.tenant },
    {
      reference: facts.reference,
      amount: facts.amount,
      currency: facts.currency,
      payment_mode: facts.payment_mode,
      items: facts.items.length,
      needs_approval: plan !== null,
      policy_version: plan?.policy_version ?? null,
    },
  );
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
    paying || (waiting && state.payment.mismatch) ? state.pay_by : null,
    waiting ? state.fulfil_by : null,
    ...state.todo.map((work) => work.due_at),
  );
}

export const orderDue = (state: OrderState, now: Date): Todo<OrderEffect>[] =>
  state.todo.filter((work) => isDue(work, now));
