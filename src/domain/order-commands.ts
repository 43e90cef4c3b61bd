import { derivedId } from "./derived-id.ts";
import { type OrderMessage, type OrderState, type Refund, paidCurrency, refundableAmount } from "./order.ts";
import { type Step, ask, end, ignored, set, tell } from "./order-step.ts";

// What people and programs ask of an order.

export function onCancel(step: Step, message: Extract<OrderMessage, { type: "cancel" }>): Step {
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

export function onRefundCommand(step: Step, message: Extract<OrderMessage, { type: "refund" }>): Step {
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
    currency: paidCurrency(state),
    reason: refund.reason,
    needs_approval: approval_id !== null,
  });
  return approval_id
    ? ask(asked, { kind: "open_approval", approval_id, subject: "refund", refund_id: refund.id })
    : ask(asked, { kind: "refund", refund_id: refund.id, amount, reason: refund.reason });
}

/** A SKU is anybody's text, `constructor` too. */
export const fulfilledOf = ({ fulfilled }: OrderState, sku: string): number =>
  Object.hasOwn(fulfilled, sku) ? (fulfilled[sku] ?? 0) : 0;

export function onFulfilment(step: Step, message: Extract<OrderMessage, { type: "fulfilment" }>): Step {
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

export function onPaymentMethod(
  step: Step,
  message: Extract<OrderMessage, { type: "payment_method" }>,
): Step {
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
