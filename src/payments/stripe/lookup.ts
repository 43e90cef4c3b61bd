import type Stripe from "stripe";
import type { OrderFacts } from "../../domain/order.ts";
import type { RefundSnapshot } from "../../domain/payment.ts";
import { ProviderError, type OpenedPayment } from "../provider.ts";
import { intentShape, paymentOf, refundOf, refundShape, sessionOf, sessionShape } from "./snapshots.ts";

// What a call whose answer was lost may have made.

export const unix = (at: Date) => Math.floor(at.getTime() / 1000);

/** All refunds of a payment, those made outside of us too. */
export async function refundsOf(stripe: Stripe, payment_intent: string): Promise<RefundSnapshot[]> {
  const refunds = await stripe.refunds
    .list({ payment_intent, limit: 100 })
    .autoPagingToArray({ limit: 1_000 });
  return refunds.map((refund) => refundOf(refundShape.parse(refund)));
}

/** How many objects are looked through for one that a lost answer may have made. */
const MOST_LOOKED_AT = 2_000;
/** How far the provider's clock may be behind ours. */
const SKEW_S = 300;

const sinceOrder = ({ created_at }: OrderFacts) => ({
  created: { gte: unix(new Date(created_at)) - SKEW_S },
  limit: 100,
});

/** The order's checkout session, if the provider has one. */
export async function findSession(stripe: Stripe, facts: OrderFacts): Promise<OpenedPayment | null> {
  const found = await firstWhere(
    stripe.checkout.sessions.list(sinceOrder(facts)),
    (session) => session.client_reference_id === facts.id && session.status !== "expired",
  );
  return found ? { kind: "session", session: sessionOf(sessionShape.parse(found)) } : null;
}

/** The order's payment, if the provider has one. */
export async function findIntent(stripe: Stripe, facts: OrderFacts): Promise<OpenedPayment | null> {
  const found = await firstWhere(
    stripe.paymentIntents.list({
      ...sinceOrder(facts),
      expand: ["data.latest_charge.balance_transaction"],
    }),
    (intent) => intent.metadata["order_id"] === facts.id,
  );
  return found ? { kind: "payment", payment: paymentOf(intentShape.parse(found)) } : null;
}

/** @throws ProviderError when the list is too long to say that it is not in there */
async function firstWhere<T>(list: AsyncIterable<T>, matches: (item: T) => boolean): Promise<T | null> {
  let looked = 0;
  for await (const item of list) {
    if (matches(item)) return item;
    if (++looked >= MOST_LOOKED_AT)
      throw new ProviderError(`what the call made is not among the newest ${looked} objects`, {
        code: "indeterminate",
        retry: true,
      });
  }
  return null;
}
