import type { OrderFacts, OrderMessage, SessionSnapshot } from "../domain/order.ts";
import type { PaymentSnapshot, PaymentStatement, RefundSnapshot } from "../domain/payment.ts";

/** What a payment is opened with, besides the order's facts. */
export interface OpenPayment {
  facts: OrderFacts;
  /** `manual` holds the money until it is captured; `automatic` takes it at once. */
  capture: "manual" | "automatic";
  /** Where the customer's browser goes after paying or giving up. */
  return_url: string;
}

export type OpenedPayment =
  { kind: "session"; session: SessionSnapshot } | { kind: "payment"; payment: PaymentSnapshot };

/**
 * A payment provider, in our terms. Every call that changes something takes an idempotency key: repeated with the same
 * key it has one effect and the same answer. Fails with `ProviderError` only.
 */
export interface PaymentProvider {
  readonly name: string;
  open(payment: OpenPayment, key: string): Promise<OpenedPayment>;
  /** Tries again with another payment method. A declined card is a snapshot with `failure`, not an error. */
  confirm(paymentId: string, paymentMethod: string, returnUrl: string, key: string): Promise<PaymentSnapshot>;
  /** Captures `amount` minor units. If the payment is captured or cancelled already, its snapshot says so. */
  capture(paymentId: string, amount: number, key: string): Promise<PaymentSnapshot>;
  void(paymentId: string, key: string): Promise<PaymentSnapshot>;
  /** Closes a checkout page. If the customer was faster, the session is complete and has its payment. */
  expireSession(sessionId: string, key: string): Promise<SessionSnapshot>;
  refund(
    refund: { paymentId: string; amount: number; refundId: string; orderId: string },
    key: string,
  ): Promise<RefundSnapshot>;
  retrieve(paymentId: string): Promise<PaymentSnapshot>;
  retrieveSession(sessionId: string): Promise<SessionSnapshot>;
  /** All that the provider knows of one payment, for reconciliation. */
  statement(paymentId: string): Promise<PaymentStatement>;
  /**
   * Events since `since` that the provider could not deliver to us, or all of them, oldest first. Those of a provider that keeps no
   * events are found by polling alone: it yields nothing.
   */
  missedEvents(since: Date, which?: "undelivered" | "all"): AsyncIterable<MissedEvent>;
}

export interface MissedEvent {
  event_id: string;
  /** The event as a webhook's body would have carried it. */
  body: Buffer;
  created_at: Date;
}

/** Why a provider call had no result. `retry`: the same call may succeed later (network, 429, 5xx). */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  readonly code: string;
  readonly retry: boolean;

  constructor(message: string, { code, retry, cause }: { code: string; retry: boolean; cause?: unknown }) {
    super(message, { cause });
    this.code = code;
    this.retry = retry;
  }
}

/** What the ids in an event are, so that its order can be found. */
export interface Correlation {
  order_id: string | null;
  payment_id: string | null;
  session_id: string | null;
}

/** What an authentic event means to us. */
export type Interpreted =
  | { kind: "message"; correlation: Correlation; message: OrderMessage }
  /** Understood, and nothing to us. */
  | { kind: "irrelevant"; reason: string }
  /** Authentic but not of the shape that we know: kept for people to look at. */
  | { kind: "incomprehensible"; reason: string };
