import type { Actor, AuditDraft } from "./audit-entry.ts";
import type { ApprovalView } from "./approval.ts";
import type {
  DisputeSnapshot,
  PaymentSnapshot,
  PaymentState,
  RefundSnapshot,
  RefundStatus,
} from "./payment.ts";
import type { ApprovalPlan, SubjectKind } from "./policy.ts";
import type { Todo } from "./todo.ts";

/** Everything an order can be on its way, and the ends it can come to. */
export const OPEN_STATUSES = [
  "created",
  "awaiting_payment",
  "requires_action",
  "payment_failed",
  "authorized",
  "awaiting_approval",
  "capturing",
  "paid",
  "fulfilling",
] as const;

export const END_STATUSES = [
  "completed",
  "rejected",
  "cancelled",
  "expired",
  "refunded",
  "partially_refunded",
  "disputed",
  "failed",
] as const;

export const ORDER_STATUSES = [...OPEN_STATUSES, ...END_STATUSES] as const;

export type EndStatus = (typeof END_STATUSES)[number];
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export type PaymentMode = "checkout" | "client" | "confirm";

export interface OrderItem {
  sku: string;
  quantity: number;
  unit_amount: number;
  description?: string | undefined;
}

/** What was ordered: fixed once the order is accepted. */
export interface OrderFacts {
  id: string;
  tenant: string;
  reference: string;
  amount: number;
  currency: string;
  description: string | null;
  customer: { email: string | null; name: string | null };
  requested_by: string | null;
  items: OrderItem[];
  /** Who the payment is with, as the trail names it. */
  provider: string;
  payment_mode: PaymentMode;
  payment_method: string | null;
  /** `manual`: an authorized (and approved) payment is captured when topic `capture` says so. */
  capture: "automatic" | "manual";
  /** `manual`: after payment the order waits until each item is reported on topic `fulfilment`. */
  fulfilment: "none" | "manual";
  metadata: Record<string, string>;
  created_at: string;
}

export interface Refund {
  id: string;
  amount: number;
  reason: string;
  requested_by: string | null;
  status: "awaiting_approval" | "requested" | RefundStatus | "rejected";
  /** The provider's id of it; null until it answered. */
  provider_id: string | null;
  failure: string | null;
  approval_id: string | null;
  /** What the policy asked when it was requested; null: nobody. */
  plan: ApprovalPlan | null;
}

/** What does not fit and stops an order until somebody decides, or until its time is up. */
export interface Hold {
  reason: string;
  since: string;
  until: string;
  /** Who decided that it may go on as it is. */
  accepted_by: string | null;
}

/** What the operator has to know, since it needs a person or costs money. */
export const ALERT_KINDS = [
  "order_held",
  "capture_failed",
  "captured_outside",
  "authorization_lapsing",
  "second_payment",
  "refund_failed",
  "inquiry_opened",
  "dispute_opened",
  "dispute_lost",
  "void_failed",
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** Why an order that will not be completed ends, decided before its money is back. */
export interface Ending {
  status: "rejected" | "cancelled" | "expired" | "failed";
  reason: string;
}

/** What an order asks of the world. Amounts in minor units. */
export type OrderEffect =
  | { kind: "open_payment" }
  | { kind: "confirm_payment"; payment_method: string }
  | { kind: "capture"; amount: number }
  | { kind: "void"; reason: string }
  | { kind: "expire_session" }
  | { kind: "refund"; refund_id: string; amount: number; reason: string }
  | { kind: "open_approval"; approval_id: string; subject: SubjectKind; refund_id: string | null }
  | { kind: "withdraw_approval"; approval_id: string; reason: string }
  | { kind: "amend_approval"; approval_id: string; by: Actor }
  /** Takes away what could not be erased with the decision. */
  | { kind: "erase_rest"; erasure_id: string }
  | {
      kind: "alert_operator";
      alert: AlertKind;
      about: string;
      problem: string;
      /** When it is decided without anybody; null: never. */
      until: string | null;
      at: string;
    };

/** What an erasure found where, as the trail tells it. */
export interface ErasedCounts {
  /** Personal values beside the trail. */
  values: number;
  approvals: number;
  /** Answers kept for repeated requests, and what the engine kept of messages and work. */
  answers: number;
  messages: number;
  checkpoints: number;
  /** Entries from before personal values were kept beside the trail: they stay, since the chain is over their text. */
  entries_kept: number;
}

/** The last erasure of an order's personal data. */
export interface Erasure {
  id: string;
  at: string;
  by: string;
  /** Null until it is written. */
  found: ErasedCounts | null;
  /** Received webhooks whose bodies were erased; null until that is done. */
  webhooks: number | null;
  finished_at: string | null;
}

/** One order, whole. It is stored as JSON beside the order's row, so every field is JSON. */
export interface OrderState {
  /** What the engine keeps to find the order's trace by: no rule looks at it. */
  trace?: string;
  facts: OrderFacts;
  status: OrderStatus;
  /** What the policy asked when the order was accepted; null: nobody. */
  plan: ApprovalPlan | null;
  payment: PaymentState;
  approvals: ApprovalView[];
  refunds: Refund[];
  /** The most the provider said it refunded on the charge, refunds made outside of us included. */
  refunded_at_provider: number;
  disputes: DisputeSnapshot[];
  /** Minor units: what the merchant wants captured (null: all of it), and what the provider was asked to capture. */
  capture: { wanted: number | null; asked: number | null };
  /** Less than was ordered, minor units, since the order was amended. */
  amended_amount: number | null;
  /** When money was first held, by our clock. */
  authorized_at: string | null;
  lapse_told: boolean;
  hold: Hold | null;
  /** Other payments at the provider that name this order and took or hold money. */
  strays: string[];
  fulfilled: Record<string, number>;
  ending: Ending | null;
  /** Until when it can be paid, and until when everything must be fulfilled. */
  pay_by: string;
  fulfil_by: string | null;
  todo: Todo<OrderEffect>[];
  /** How many keys were derived so far. */
  serial: number;
  ended_at: string | null;
  /** Absent: its personal data was never erased. */
  erasure?: Erasure;
}

/** What may be changed before an order is captured; an amount can only be lowered. */
export type Amendment = Partial<
  Pick<OrderFacts, "reference" | "description" | "customer" | "items" | "amount">
>;

/** How a message reached us, kept in the trail: `webhook evt_…`, `effect KEY`, `reconciliation`. Of people it is the actor's. */
export type Source = string;

/** Everything that can happen to an order. Closed: `decide` answers each of them in every state. */
export type OrderMessage =
  /** `actor` and the request's idempotency key; absent in what was accepted before they were kept. */
  | { type: "submitted"; actor?: Actor; idempotency_key?: string }
  | { type: "payment.seen"; payment: PaymentSnapshot; source: Source }
  | { type: "session.seen"; session: SessionSnapshot; source: Source }
  | { type: "refund.seen"; refund: RefundSnapshot; source: Source }
  | { type: "charge.refunded"; payment_id?: string | null; amount_refunded: number; source: Source }
  | { type: "dispute.seen"; dispute: DisputeSnapshot; source: Source }
  | { type: "approval.reported"; approval: ApprovalView; entries: AuditDraft[] }
  | { type: "cancel"; actor: Actor; reason: string }
  | {
      type: "refund";
      actor: Actor;
      refund_id: string;
      amount: number | null;
      reason: string;
      plan: ApprovalPlan | null;
    }
  | { type: "note"; actor: Actor; text: string }
  | { type: "fulfilment"; actor: Actor; sku: string; quantity: number }
  | { type: "payment_method"; actor: Actor; payment_method: string }
  | { type: "amend"; actor: Actor; change: Amendment }
  | { type: "capture"; actor: Actor; amount: number | null }
  | { type: "resolve"; actor: Actor; action: "accept" | "give_back"; reason: string }
  | { type: "erase"; actor: Actor; erasure_id: string; reason: string }
  | { type: "effect.done"; key: string; result: EffectResult }
  | { type: "effect.failed"; key: string; reason: string; code: string; retry: boolean }
  | { type: "clock" };

export interface SessionSnapshot {
  id: string;
  status: "open" | "complete" | "expired";
  url: string | null;
  payment: PaymentSnapshot | null;
  payment_id: string | null;
}

export type EffectResult =
  | { kind: "payment"; payment: PaymentSnapshot }
  | { kind: "session"; session: SessionSnapshot }
  | { kind: "refund"; refund: RefundSnapshot }
  | { kind: "approval"; approval: ApprovalView }
  | { kind: "erased"; webhooks: number }
  | { kind: "done" };

const END: ReadonlySet<OrderStatus> = new Set(END_STATUSES);

export const isEnd = (status: OrderStatus): status is EndStatus => END.has(status);

/** Whether nothing is expected any more, so that the segment may close. */
export const isAtRest = (state: OrderState): boolean => state.ended_at !== null && state.todo.length === 0;

/** How far an order is, 0..100, for a progress bar. Fulfilment moves it item by item from 80 to 99. */
export function progressOf(state: OrderState): number {
  const { status } = state;
  if (isEnd(status)) return 100;
  if (status === "fulfilling") {
    const wanted = state.facts.items.reduce((sum, item) => sum + item.quantity, 0);
    const done = Object.values(state.fulfilled).reduce((sum, quantity) => sum + quantity, 0);
    return wanted === 0 ? 80 : 80 + Math.floor((19 * done) / wanted);
  }
  return {
    created: 10,
    awaiting_payment: 20,
    requires_action: 25,
    payment_failed: 20,
    authorized: 40,
    awaiting_approval: 50,
    capturing: 70,
    paid: 80,
  }[status];
}

/** What the amounts of its payment are in. */
export const paidCurrency = ({ payment, facts }: Pick<OrderState, "payment" | "facts">): string =>
  payment.currency ?? facts.currency;

const totalOf = (refunds: Refund[]): number => refunds.reduce((total, refund) => total + refund.amount, 0);

/**
 * All refunds heard of, in minor units: those that we know, or what the provider reports beyond them. The provider's figure
 * is the highest that it ever said, so what came back since is taken off; a refund it never accepted was never in it.
 */
export function refundsHeardOf({ refunds, refunded_at_provider }: OrderState): number {
  const made = refunds.filter((r) => ["succeeded", "pending", "requires_action"].includes(r.status));
  const back = refunds.filter((r) => r.provider_id !== null && ["failed", "canceled"].includes(r.status));
  return Math.max(totalOf(made), refunded_at_provider - totalOf(back));
}

/** Refunded so far: never more than was captured, also while it is not heard yet that a refund came back. */
export const refundedAmount = (state: OrderState): number =>
  Math.min(refundsHeardOf(state), state.payment.amount_captured);

/** What is still refundable: captured, less refunded and asked to be. */
export function refundableAmount(state: OrderState): number {
  const waiting = state.refunds.filter((r) => r.status === "awaiting_approval" || r.status === "requested");
  return state.payment.amount_captured - refundedAmount(state) - totalOf(waiting);
}

/** The approval that the order itself waits for or was decided by (not those of refunds). */
export const orderApproval = (state: OrderState): ApprovalView | null =>
  state.approvals.findLast((approval) => approval.kind === "order") ?? null;
