import type Stripe from "stripe";

type EventType = Exclude<Stripe.WebhookEndpointCreateParams.EnabledEvent, "*">;

/**
 * The events that a webhook endpoint of ours has to be sent, of those that `events.ts` understands, and why. At most 20:
 * the API's list of events filters by no more (https://docs.stripe.com/api/events/list).
 */
export const SUBSCRIPTION = [
  { type: "checkout.session.completed", why: "the customer has submitted the page: names the payment" },
  { type: "checkout.session.expired", why: "the page is closed unpaid" },
  { type: "checkout.session.async_payment_succeeded", why: "a bank debit that began on the page is paid" },
  { type: "checkout.session.async_payment_failed", why: "a bank debit that began on the page is not paid" },
  { type: "payment_intent.requires_action", why: "the bank asks the customer, as for 3-D Secure" },
  { type: "payment_intent.processing", why: "the payment is on its way for days: it is not late" },
  { type: "payment_intent.amount_capturable_updated", why: "authorized: approval may begin" },
  { type: "payment_intent.succeeded", why: "captured: the order is paid" },
  { type: "payment_intent.payment_failed", why: "declined: the customer may try again" },
  { type: "payment_intent.canceled", why: "voided, by us, by a person or because the hold lapsed" },
  { type: "charge.refunded", why: "money went back, also when somebody did it in the dashboard" },
  { type: "refund.created", why: "a refund that somebody made in the dashboard has an id and an amount" },
  { type: "refund.updated", why: "a pending refund is settled" },
  { type: "refund.failed", why: "the bank sent a refund back" },
  { type: "charge.dispute.created", why: "the customer's bank disputes the payment" },
  { type: "charge.dispute.updated", why: "evidence or its deadline changed" },
  { type: "charge.dispute.funds_withdrawn", why: "the disputed amount was taken from the balance" },
  { type: "charge.dispute.funds_reinstated", why: "and came back" },
  { type: "charge.dispute.closed", why: "won, lost or withdrawn" },
] as const satisfies readonly { type: EventType; why: string }[];

/** The needed event types that an endpoint with these `enabled_events` is not sent. */
export const missingEvents = (enabled: readonly string[]): string[] =>
  enabled.includes("*") ? [] : SUBSCRIPTION.map(({ type }) => type).filter((type) => !enabled.includes(type));
