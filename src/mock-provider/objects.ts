import type Stripe from "stripe";

/** Stripe's object as it is stored: with ids where the API can expand. */
type Plain<T, K extends keyof T> = Omit<T, K> & { [P in K]: Extract<T[P], string> | Extract<T[P], null> };

export type PaymentIntent = Plain<
  Stripe.PaymentIntent,
  "payment_method" | "latest_charge" | "customer" | "client_secret"
>;
export type Charge = Plain<Stripe.Charge, "payment_intent" | "balance_transaction" | "customer">;
export type Refund = Plain<Stripe.Refund, "charge" | "payment_intent" | "balance_transaction">;
export type Dispute = Plain<Stripe.Dispute, "charge" | "payment_intent">;
export type PaymentMethod = Plain<Stripe.PaymentMethod, "customer">;
export type SetupIntent = Plain<Stripe.SetupIntent, "payment_method" | "customer">;
export type Session = Plain<Stripe.Checkout.Session, "payment_intent" | "setup_intent" | "customer">;
export type Transaction = Plain<Stripe.BalanceTransaction, "source">;
export type Customer = Stripe.Customer;
export type Coupon = Stripe.Coupon;
export type CardSource = Stripe.Card;
export type Product = Stripe.Product;
/** The wire carries decimals as text; only the SDK makes a Decimal of them. */
export type Price = Omit<Stripe.Price, "unit_amount_decimal" | "product"> & {
  unit_amount_decimal: string | null;
  product: string;
};
export type LineItem = Omit<Stripe.LineItem, "price"> & { price: Price | null };
export type Endpoint = Stripe.WebhookEndpoint;
export type EventType = Stripe.Event["type"];

/** An event as it is kept: `data` is the JSON that every delivery carries unchanged. */
export interface EventRecord {
  id: string;
  type: EventType;
  created: number;
  api_version: string;
  data: string;
  about: string;
  request: { id: string | null; idempotency_key: string | null };
}

/** `superseded`: somebody asked for the event again, and that delivery counts instead. */
export type DeliveryState = "waiting" | "delivered" | "failed" | "dropped" | "superseded";

/** One event on its way to one endpoint. `next_at` is in milliseconds of the provider's clock. */
export interface Delivery {
  id: string;
  event: string;
  endpoint: string;
  state: DeliveryState;
  attempts: number;
  created_ms: number;
  next_at: number;
  last: { at: number; status: number | null; error: string | null; took_ms: number } | null;
}

/** What the API does not show of an endpoint. */
export interface EndpointNote {
  id: string;
  secret: string;
  failing_since: number | null;
}

/** What the API does not show of a payment: where its owner goes after a challenge. */
export interface PaymentNote {
  id: string;
  return_url: string | null;
  session: string | null;
  off_session: boolean;
  /** How often the authorization was raised. */
  increments?: number;
}

/** What the API does not show of a payment method: which test card it is. */
export interface CardNote {
  id: string;
  number: string;
  /** It was charged, or taken from its customer. */
  used?: boolean;
  /** Its owner authenticated so that it can be used again. */
  set_up?: boolean;
}

/** What a session will make of the payment when it is submitted. */
export interface SessionPlan {
  id: string;
  line_items: LineItem[];
  payment: {
    capture_method: "automatic" | "automatic_async" | "manual";
    metadata: Record<string, string>;
    description: string | null;
    receipt_email: string | null;
    setup_future_usage: "off_session" | "on_session" | null;
    statement_descriptor: string | null;
    statement_descriptor_suffix: string | null;
    transfer_group: string | null;
    shipping: Stripe.PaymentIntent.Shipping | null;
  };
  /** Shown on the page after a decline. */
  notice: string | null;
}

/** The truth about one payment's money, in minor units. */
export interface LedgerEntry {
  id: string;
  authorized: number;
  captured: number;
  captures: number;
  voided: number;
  refunded: number;
  refunds: number;
  disputed: number;
}

export interface Balances {
  id: "balance";
  available: Record<string, number>;
  pending: Record<string, number>;
}

export interface IdempotencyRecord {
  id: string;
  created: number;
  fingerprint: string;
  method: string;
  path: string;
  status: number;
  body: string;
  request: string;
}
