import type { EffectResult, OrderEffect, OrderMessage } from "./order.ts";
import { onApproval } from "./order-approvals.ts";
import { onErased } from "./order-erase.ts";
import { alertRefund, onPayment, onRefund, onSession } from "./order-provider.ts";
import { SYSTEM, type Step, alert, end, set, tell } from "./order-step.ts";
import { KEY_SPENT, type Todo, postponed, worthTelling } from "./todo.ts";

// What became of the work that an order asked for.

export function onDone(step: Step, key: string, result: EffectResult): Step {
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
    case "erased":
      return work?.effect.kind === "erase_rest"
        ? onErased(rest, work.effect.erasure_id, result.webhooks)
        : rest;
    case "done":
      return work?.effect.kind === "withdraw_approval" ? withdrawn(rest, work.effect.approval_id) : rest;
  }
}

/** Its own report follows; until then nobody waits for it. */
const withdrawn = (step: Step, id: string): Step =>
  set(step, {
    approvals: step.state.approvals.map((a) =>
      a.id === id && (a.status === "pending" || a.status === "changes_requested")
        ? { ...a, status: "withdrawn" }
        : a,
    ),
  });

export function onFailed(step: Step, message: Extract<OrderMessage, { type: "effect.failed" }>): Step {
  const work = step.state.todo.find((w) => w.key === message.key);
  if (!work) return step;
  if (message.retry) {
    const { again, serial } = retried(step, work, message.code);
    const waiting = set(step, { serial, todo: step.state.todo.map((w) => (w === work ? again : w)) });
    return worthTelling(again.attempts)
      ? tell(waiting, "effect.retrying", SYSTEM, {
          effect: work.effect.kind,
          key: work.key,
          reason: message.reason,
          attempts: again.attempts,
          retry_at: again.due_at,
        })
      : waiting;
  }
  const others = step.state.todo.filter((w) => w !== work);
  const given = tell({ ...set(step, { todo: others }), answered: work }, "effect.failed", SYSTEM, {
    effect: work.effect.kind,
    key: work.key,
    code: message.code,
    reason: message.reason,
  });
  return onRefused(given, work.effect, message.reason);
}

/** How often a key that only repeats an old failure is tried, before the call is made with a new one. */
const PATIENCE = 3;

function retried(step: Step, work: Todo<OrderEffect>, code: string) {
  const { serial, facts } = step.state;
  const again = postponed(work, step.now);
  if (code !== KEY_SPENT || again.attempts < PATIENCE) return { again, serial };
  return { again: { ...again, key: `${facts.id}:${work.effect.kind}:${serial + 1}` }, serial: serial + 1 };
}

/** What the provider refused for good: the order cannot go on, or the refund has failed. */
function onRefused(step: Step, effect: OrderEffect, reason: string): Step {
  switch (effect.kind) {
    case "open_payment":
      return end(step, { status: "failed", reason });
    case "capture":
      return end(
        alert(step, "capture_failed", paymentId(step), `the provider refused to capture it: ${stop(reason)}`),
        {
          status: "failed",
          reason,
        },
      );
    case "refund":
      return refundRefused(step, effect.refund_id, reason);
    case "void":
      return set(
        alert(step, "void_failed", paymentId(step), `the provider refused to give it back: ${stop(reason)}`),
        {
          payment: { ...step.state.payment, status: "canceled" },
        },
      );
    case "expire_session":
      return set(step, { payment: { ...step.state.payment, session_expired: true } });
    case "open_approval":
      return effect.refund_id === null
        ? end(step, { status: "failed", reason })
        : refundRefused(step, effect.refund_id, reason);
    case "withdraw_approval":
      return withdrawn(step, effect.approval_id);
    case "confirm_payment":
    case "amend_approval":
    case "alert_operator":
    case "erase_rest":
      return step;
  }
}

const paymentId = ({ state }: Step): string => state.payment.id ?? state.facts.id;

/** A provider's sentence within one of ours. */
const stop = (reason: string): string => reason.replace(/\.$/, "");

function refundRefused(step: Step, id: string, reason: string): Step {
  const refund = step.state.refunds.find((r) => r.id === id && r.provider_id === null);
  if (!refund) return step;
  const failed = { ...refund, status: "failed" as const, failure: reason };
  return alertRefund(
    set(step, { refunds: step.state.refunds.map((r) => (r === refund ? failed : r)) }),
    failed,
  );
}
