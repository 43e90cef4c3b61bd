import type { ApprovalView } from "./approval.ts";
import { isHeld } from "./order-hold.ts";
import { type LedgerView, ledgerOf } from "./ledger.ts";
import {
  isEnd,
  orderApproval,
  progressOf,
  refundedAmount,
  type OrderState,
  type OrderStatus,
  type PaymentMode,
} from "./order.ts";

/** An order as the API shows it (contract v1). Amounts in minor units, times RFC 3339. */
export interface OrderView {
  id: string;
  object: "order";
  status: OrderStatus;
  progress: number;
  reference: string;
  amount: number;
  currency: string;
  description: string | null;
  customer: { email: string | null; name: string | null };
  requested_by: string | null;
  items: OrderState["facts"]["items"];
  payment: PaymentView;
  approval: ApprovalView | null;
  approvals: ApprovalView[];
  refunds: RefundView[];
  disputes: { id: string; status: string; amount: number; reason: string }[];
  /** Why it waits for somebody to decide, and until when; null: it does not. */
  hold: { reason: string; since: string; until: string } | null;
  ledger: LedgerView;
  fulfilment: { mode: "none" | "manual"; fulfilled: Record<string, number>; fulfil_by: string | null };
  result: ResultView | null;
  metadata: Record<string, string>;
  audit: { entries: number; head_hash: string };
  pay_by: string;
  /** When its personal data was erased last; null: never. */
  erased_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface PaymentView {
  mode: PaymentMode;
  id: string | null;
  session_id: string | null;
  status: string;
  checkout_url: string | null;
  client_secret: string | null;
  amount_authorized: number;
  amount_captured: number;
  amount_refunded: number;
  capture_before: string | null;
  failure: { code: string; message: string } | null;
}

export interface RefundView {
  id: string;
  amount: number;
  status: string;
  reason: string;
  approval_id: string | null;
  failure: string | null;
}

/** How an order ended; event `result`. */
export interface ResultView {
  status: OrderStatus;
  reason: string | null;
  amount_captured: number;
  amount_refunded: number;
  ended_at: string;
}

/** Whether a page of the merchant's needs the secret: to pay, or to let the card's owner answer 3-D Secure. */
const isForCustomer = ({ facts, payment }: Pick<OrderState, "facts" | "payment">): boolean =>
  facts.payment_mode === "client" ||
  (facts.payment_mode === "confirm" && payment.status === "requires_action");

export const paymentView = ({ facts, payment, ...state }: OrderState): PaymentView => ({
  mode: facts.payment_mode,
  id: payment.id,
  session_id: payment.session_id,
  status: payment.status,
  checkout_url: payment.session_expired ? null : payment.checkout_url,
  client_secret: isForCustomer({ facts, payment }) ? payment.client_secret : null,
  amount_authorized: payment.amount_authorized,
  amount_captured: payment.amount_captured,
  amount_refunded: refundedAmount({ facts, payment, ...state }),
  capture_before: payment.capture_before,
  failure: payment.failure && { code: payment.failure.code, message: payment.failure.message },
});

export const resultView = (state: OrderState): ResultView | null =>
  state.ended_at === null
    ? null
    : {
        status: state.status,
        reason: state.ending?.reason ?? null,
        amount_captured: state.payment.amount_captured,
        amount_refunded: refundedAmount(state),
        ended_at: state.ended_at,
      };

/** The whole snapshot; `row` has what is stored beside the state. */
export function orderView(
  state: OrderState,
  row: { entries: number; head_hash: string; updated_at: string },
): OrderView {
  const { facts } = state;
  return {
    id: facts.id,
    object: "order",
    status: state.status,
    progress: progressOf(state),
    reference: facts.reference,
    amount: facts.amount,
    currency: facts.currency,
    description: facts.description,
    customer: facts.customer,
    requested_by: facts.requested_by,
    items: facts.items,
    payment: paymentView(state),
    approval: state.approvals.findLast((a) => a.status === "pending") ?? orderApproval(state),
    approvals: state.approvals,
    refunds: state.refunds.map(({ id, amount, status, reason, approval_id, failure }) => ({
      id,
      amount,
      status,
      reason,
      approval_id,
      failure,
    })),
    disputes: state.disputes.map(({ id, status, amount, reason }) => ({ id, status, amount, reason })),
    hold:
      state.hold && isHeld(state)
        ? { reason: state.hold.reason, since: state.hold.since, until: state.hold.until }
        : null,
    ledger: ledgerOf(state),
    fulfilment: { mode: facts.fulfilment, fulfilled: state.fulfilled, fulfil_by: state.fulfil_by },
    result: resultView(state),
    metadata: facts.metadata,
    audit: { entries: row.entries, head_hash: row.head_hash },
    pay_by: state.pay_by,
    erased_at: state.erasure?.at ?? null,
    created_at: facts.created_at,
    updated_at: row.updated_at,
  };
}

/** What an order publishes for polling and waiting; the keys are stored data. */
export const EVENT_KEYS = ["status", "progress", "payment", "approval", "result"] as const;
export type EventKey = (typeof EVENT_KEYS)[number];

/** The order's events as published: a key is absent until it is first set. */
export function orderEvents(state: OrderState): Record<string, unknown> {
  const opened = state.payment.session_id !== null || state.payment.id !== null;
  const approval = state.approvals.findLast((a) => a.status === "pending") ?? state.approvals.at(-1);
  return {
    status: state.status,
    progress: progressOf(state),
    ...(opened ? { payment: paymentView(state) } : {}),
    ...(approval ? { approval } : {}),
    ...(isEnd(state.status) ? { result: resultView(state) } : {}),
  };
}
