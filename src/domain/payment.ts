import { type Money, formatMoney } from "./money.ts";

/** A payment's status, in the terms of Stripe's PaymentIntent (https://docs.stripe.com/payments/paymentintents/lifecycle). */
export type PaymentStatus =
  | "requires_payment_method"
  | "requires_confirmation"
  | "requires_action"
  | "processing"
  | "requires_capture"
  | "succeeded"
  | "canceled";

/** Why an attempt to pay failed; `attempt` is what the provider calls it, where it does. */
export interface PaymentFailure {
  code: string;
  message: string;
  attempt?: string | null;
}

/** What the provider says of one payment at one moment: a webhook's object, an API answer, or a polled one. */
export interface PaymentSnapshot extends Money {
  id: string;
  status: PaymentStatus;
  /** Held on the customer's card and not yet captured, minor units. */
  amount_capturable: number;
  amount_captured: number;
  /** Until when the authorization can be captured, RFC 3339; null while unknown. */
  capture_before: string | null;
  client_secret: string | null;
  /** Why the last attempt failed, as the provider names it. */
  failure: PaymentFailure | null;
  /** Why it was cancelled, as the provider names it; `automatic` when the authorization lapsed. */
  cancellation_reason: string | null;
  /** What the provider kept for itself, minor units; null while unknown. */
  fee: number | null;
}

export type RefundStatus = "pending" | "requires_action" | "succeeded" | "failed" | "canceled";

/** What the provider says of one refund. `refund_id` is ours, null when it was made outside of us. */
export interface RefundSnapshot {
  id: string;
  refund_id: string | null;
  status: RefundStatus;
  amount: number;
  failure: string | null;
}

/** What the provider says of one dispute. Amounts in minor units. */
export interface DisputeSnapshot {
  id: string;
  /** As Stripe names it: `needs_response`, `under_review`, `won`, `lost`, and `warning_…` for inquiries. */
  status: string;
  amount: number;
  reason: string;
  /** All that was ever taken for it, and all that came back. */
  withdrawn: number;
  reinstated: number;
  /** What the provider charged for handling it. */
  fee: number;
}

/** All that the provider says of one payment at one moment. */
export interface PaymentStatement {
  payment: PaymentSnapshot;
  refunds: RefundSnapshot[];
  disputes: DisputeSnapshot[];
}

/** What an order knows of its payment: the merge of every snapshot it has seen. */
export interface PaymentState {
  id: string | null;
  session_id: string | null;
  /** The customer submitted the hosted page: from here on only the payment itself changes. */
  session_complete: boolean;
  session_expired: boolean;
  checkout_url: string | null;
  client_secret: string | null;
  status: PaymentStatus;
  failure: PaymentFailure | null;
  /** Attempts whose failure is known: late news of one says nothing about those after it. */
  failed_attempts: string[];
  /** What the amounts below are in; null while there are none. */
  currency: string | null;
  amount_authorized: number;
  amount_captured: number;
  capture_before: string | null;
  cancellation_reason: string | null;
  fee: number | null;
  /** Set when the provider's amount or currency is not the order's: then the order is held. */
  mismatch: string | null;
}

export const newPayment: PaymentState = {
  id: null,
  session_id: null,
  session_complete: false,
  session_expired: false,
  checkout_url: null,
  client_secret: null,
  status: "requires_payment_method",
  failure: null,
  failed_attempts: [],
  currency: null,
  amount_authorized: 0,
  amount_captured: 0,
  capture_before: null,
  cancellation_reason: null,
  fee: null,
  mismatch: null,
};

/**
 * How far along a payment is. Events arrive in any order, so of two snapshots the one further along is the truth; a
 * failed attempt ranks above the steps that led to it. A payment reaches one end only; captured ranks above cancelled because
 * we also call a payment cancelled when the provider refuses to void it, and money that moved must not go unseen.
 */
const rank = (status: PaymentStatus, failed: boolean): number =>
  ({
    requires_payment_method: failed ? 3 : 0,
    requires_confirmation: 1,
    requires_action: 2,
    processing: 4,
    requires_capture: 5,
    canceled: 6,
    succeeded: 7,
  })[status];

/**
 * Merges a snapshot into what is known. Amounts and status only move forward, so the result does not depend on the
 * order in which snapshots come, nor on how often each comes.
 */
export function mergePayment(known: PaymentState, seen: PaymentSnapshot, order: Money): PaymentState {
  const attempt = seen.failure?.attempt ?? null;
  const old = attempt !== null && known.failed_attempts.includes(attempt);
  const [before, after] = [
    rank(known.status, known.failure !== null),
    rank(seen.status, seen.failure !== null),
  ];
  // Another attempt that failed too is as far along, and newer.
  const forward = !old && (after > before || (after === before && attempt !== null));
  const status = forward ? seen.status : known.status;
  const mismatch =
    seen.currency !== order.currency || seen.amount !== order.amount
      ? `the provider's payment is ${formatMoney(seen)}, the order is ${formatMoney(order)}`
      : null;
  return {
    ...known,
    id: known.id ?? seen.id,
    client_secret: known.client_secret ?? seen.client_secret,
    status,
    failure: forward ? seen.failure : known.failure,
    failed_attempts: attempt === null || old ? known.failed_attempts : [...known.failed_attempts, attempt],
    currency: known.currency ?? (seen.amount_capturable + seen.amount_captured > 0 ? seen.currency : null),
    amount_authorized: Math.max(known.amount_authorized, seen.amount_capturable, seen.amount_captured),
    amount_captured: Math.max(known.amount_captured, seen.amount_captured),
    capture_before: known.capture_before ?? seen.capture_before,
    cancellation_reason: known.cancellation_reason ?? seen.cancellation_reason,
    fee: known.fee ?? seen.fee,
    mismatch: known.mismatch ?? mismatch,
  };
}

/** An inquiry comes before the dispute that it may become (https://docs.stripe.com/disputes/how-disputes-work#inquiries). */
const DISPUTE_RANK: Record<string, number> = {
  warning_needs_response: 0,
  warning_under_review: 1,
  needs_response: 2,
  under_review: 3,
  warning_closed: 4,
  won: 4,
  lost: 4,
};

const disputeRank = ({ status }: DisputeSnapshot): number => DISPUTE_RANK[status] ?? 2;

/** Whether the money of a dispute is contested no longer. */
export const isDisputeClosed = (dispute: DisputeSnapshot): boolean => disputeRank(dispute) === 4;

/** Whether the bank only asks so far, and nothing was taken. */
export const isInquiry = ({ status }: DisputeSnapshot): boolean => status.startsWith("warning_");

/** Whether a dispute was decided for the merchant, or was an inquiry that ended. */
export const isDisputeOver = ({ status }: DisputeSnapshot): boolean =>
  status === "won" || status === "warning_closed";

/** Merges two snapshots of one dispute: its status and its money only move forward. */
export const mergeDispute = (known: DisputeSnapshot, seen: DisputeSnapshot): DisputeSnapshot => ({
  ...known,
  status: disputeRank(seen) > disputeRank(known) ? seen.status : known.status,
  withdrawn: Math.max(known.withdrawn, seen.withdrawn),
  reinstated: Math.max(known.reinstated, seen.reinstated),
  fee: Math.max(known.fee, seen.fee),
});

/** Whether money is held that is neither captured nor given back. */
export const holdsAuthorization = (payment: PaymentState): boolean => payment.status === "requires_capture";

/** Whether the customer could still pay it. */
export const isPayable = (payment: PaymentState): boolean =>
  payment.status !== "succeeded" &&
  payment.status !== "canceled" &&
  payment.status !== "requires_capture" &&
  !(payment.id === null && payment.session_expired);
