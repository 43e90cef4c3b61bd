import type { SessionSnapshot } from "../../domain/order.ts";
import type {
  DisputeSnapshot,
  PaymentSnapshot,
  PaymentStatement,
  PaymentStatus,
  RefundSnapshot,
} from "../../domain/payment.ts";
import type { Chargeback, Operation, Payment } from "./shapes.ts";

/** The provider's words in the port's. */
const STATUS: Record<Payment["state"], PaymentStatus> = {
  pending: "requires_payment_method",
  declined: "requires_payment_method",
  authorised: "requires_capture",
  paid: "succeeded",
  cancelled: "canceled",
};

export const paymentOf = (payment: Payment): PaymentSnapshot => ({
  id: payment.id,
  status: STATUS[payment.state],
  ...payment.total,
  amount_capturable: payment.state === "authorised" ? payment.held : 0,
  amount_captured: payment.captured,
  capture_before: payment.hold_until,
  client_secret: payment.client_token,
  failure:
    payment.state === "declined"
      ? { code: payment.decline?.code ?? "declined", message: payment.decline?.text ?? "The payment failed." }
      : null,
  // The port's word for an authorization that nobody gave back.
  cancellation_reason: payment.cancelled_because === "lapsed" ? "automatic" : payment.cancelled_because,
  fee: payment.fee,
});

/** The hosted page has no id and no life of its own: it is what the payment says of it. */
export const sessionOf = (payment: Payment): SessionSnapshot => ({
  id: payment.id,
  status: payment.state === "cancelled" ? "expired" : isSubmitted(payment) ? "complete" : "open",
  url: payment.pay_url,
  payment: paymentOf(payment),
  payment_id: payment.id,
});

const isSubmitted = ({ state }: Payment): boolean => state === "authorised" || state === "paid";

const REFUND_STATUS = { pending: "pending", done: "succeeded", refused: "failed" } as const;

export const refundOf = ({ id, reference, state, amount, refusal }: Operation): RefundSnapshot => ({
  id,
  refund_id: reference,
  status: REFUND_STATUS[state],
  amount: amount.amount,
  failure: refusal?.code ?? null,
});

const DISPUTE_STATUS = { open: "needs_response", won: "won", lost: "lost" } as const;

/** The money is taken when a chargeback is opened, and comes back when it is won. */
export const disputeOf = ({ id, state, amount, fee, reason }: Chargeback): DisputeSnapshot => ({
  id,
  status: DISPUTE_STATUS[state],
  amount: amount.amount,
  reason,
  withdrawn: amount.amount,
  reinstated: state === "won" ? amount.amount : 0,
  fee: fee.amount,
});

export const statementOf = (payment: Payment): PaymentStatement => ({
  payment: paymentOf(payment),
  refunds: payment.refunds.map(refundOf),
  disputes: payment.chargebacks.map(disputeOf),
});
