import Stripe from "stripe";
import type { OrderFacts } from "../../domain/order.ts";
import type { PaymentSnapshot } from "../../domain/payment.ts";
import type { OpenedPayment, OpenPayment } from "../provider.ts";
import { intentShape, paymentOf, sessionOf, sessionShape, WITH_CHARGE } from "./snapshots.ts";

/** Stripe keeps a session open for 24 hours at most; we expire it ourselves when the order's time is up. */
const SESSION_S = 24 * 3_600 - 60;

export async function openSession(
  stripe: Stripe,
  { facts, capture, return_url }: OpenPayment,
  key: string,
): Promise<OpenedPayment> {
  const metadata = { order_id: facts.id, reference: facts.reference };
  const session = await stripe.checkout.sessions.create(
    {
      mode: "payment",
      client_reference_id: facts.id,
      line_items: lineItems(facts),
      metadata,
      payment_intent_data: {
        capture_method: capture,
        metadata,
        ...(facts.description ? { description: facts.description } : {}),
      },
      success_url: return_url,
      cancel_url: return_url,
      // From the order's own time: a repeated call must carry the same parameters to be the same call.
      expires_at: Math.floor(Date.parse(facts.created_at) / 1000) + SESSION_S,
      ...(facts.customer.email ? { customer_email: facts.customer.email } : {}),
    },
    { idempotencyKey: key },
  );
  return { kind: "session", session: sessionOf(sessionShape.parse(session)) };
}

export async function openIntent(
  stripe: Stripe,
  { facts, capture, return_url }: OpenPayment,
  key: string,
): Promise<OpenedPayment> {
  const confirm = facts.payment_mode === "confirm" && facts.payment_method !== null;
  const payment = await declinedIsAnAnswer(() =>
    stripe.paymentIntents.create(
      {
        amount: facts.amount,
        currency: facts.currency,
        capture_method: capture,
        metadata: { order_id: facts.id, reference: facts.reference },
        ...(facts.description ? { description: facts.description } : {}),
        ...(facts.customer.email ? { receipt_email: facts.customer.email } : {}),
        ...(confirm
          ? {
              confirm: true,
              payment_method: facts.payment_method ?? "",
              allowed_payment_method_types: ["card"],
              return_url,
            }
          : { automatic_payment_methods: { enabled: true } }),
        ...WITH_CHARGE,
      },
      { idempotencyKey: key },
    ),
  );
  return { kind: "payment", payment };
}

const lineItems = ({ items, currency, amount, description, reference }: OrderFacts) =>
  (items.length > 0 ? items : [{ sku: description ?? reference, quantity: 1, unit_amount: amount }]).map(
    (item) => ({
      quantity: item.quantity,
      price_data: {
        currency,
        unit_amount: item.unit_amount,
        product_data: { name: ("description" in item && item.description) || item.sku },
      },
    }),
  );

/** A declined card leaves a payment that may be tried again: that payment is the answer. */
export async function declinedIsAnAnswer(run: () => Promise<Stripe.PaymentIntent>): Promise<PaymentSnapshot> {
  try {
    return paymentOf(intentShape.parse(await run()));
  } catch (error) {
    const intent = error instanceof Stripe.errors.StripeCardError ? error.payment_intent : undefined;
    if (intent) return paymentOf(intentShape.parse(intent));
    throw error;
  }
}
