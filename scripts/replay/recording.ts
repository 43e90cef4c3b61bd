import type Stripe from "stripe";

/** What an order asks of the provider, as far as a recording needs it. */
export interface RecordedOrder {
  reference: string;
  amount: number;
  currency: string;
  description: string;
  customer: { email: string };
}

/** The stage of one recording: the official SDK, the mock's own controls, and the order. */
export interface Stage {
  stripe: Stripe;
  order: RecordedOrder;
  metadata: Record<string, string>;
  /** POST to `/_mock/…`: what people do and only a mock can do for them. */
  control(path: string, body?: object): Promise<unknown>;
  /** Lets the provider's time pass. */
  pass(seconds: number): Promise<void>;
}

/** Stands for the order's id in a fixture; replay puts the real one in its place. */
export const ORDER_ID = "{{order_id}}";

const MINUTE = 60;
const DAY = 86_400;

type Play = (stage: Stage) => Promise<void>;

/** A Checkout Session as the service opens it. */
async function openSession({ stripe, order, metadata }: Stage, capture_method: "automatic" | "manual") {
  const session = await stripe.checkout.sessions.create({
    mode: "payment",
    client_reference_id: ORDER_ID,
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: order.currency,
          unit_amount: order.amount,
          product_data: { name: order.description },
        },
      },
    ],
    metadata,
    payment_intent_data: { capture_method, metadata, description: order.description },
    success_url: "https://shop.example.com/paid",
    cancel_url: "https://shop.example.com/paid",
    customer_email: order.customer.email,
  });
  return session.id;
}

async function checkout(stage: Stage, card: string, capture: "automatic" | "manual" = "automatic") {
  const session = await openSession(stage, capture);
  await stage.pass(2 * MINUTE);
  await stage.control(`checkout/${session}/pay`, { payment_method: card });
  await stage.pass(MINUTE);
  const { payment_intent } = await stage.stripe.checkout.sessions.retrieve(session);
  return { session, payment: typeof payment_intent === "string" ? payment_intent : "" };
}

/** A PaymentIntent as the service opens it for a client that confirms it itself. */
async function openPayment({ stripe, order, metadata }: Stage) {
  const { amount, currency, description, customer } = order;
  const payment = await stripe.paymentIntents.create({
    amount,
    currency,
    capture_method: "automatic",
    metadata,
    description,
    receipt_email: customer.email,
    automatic_payment_methods: { enabled: true },
  });
  return payment.id;
}

async function dispute(stage: Stage, outcome: "winning_evidence" | "losing_evidence") {
  const { payment } = await checkout(stage, "pm_card_createDispute");
  await stage.pass(3 * DAY);
  const { data } = await stage.stripe.disputes.list({ payment_intent: payment });
  const [opened] = data;
  if (!opened) throw new Error(`${payment} was not disputed`);
  await stage.stripe.disputes.update(opened.id, { evidence: { uncategorized_text: outcome } });
  await stage.pass(5 * DAY);
}

/** How each scenario is played at the provider. */
export const PLAYS: Record<string, Play> = {
  paid: async (stage) => void (await checkout(stage, "pm_card_visa")),
  "paid-exact-bytes": async (stage) => void (await checkout(stage, "pm_card_de")),
  "paid-needs-approval": async (stage) => void (await checkout(stage, "pm_card_visa", "manual")),
  "declined-then-paid": async (stage) => {
    const { session } = await checkout(stage, "pm_card_chargeDeclinedInsufficientFunds");
    await stage.control(`checkout/${session}/pay`, { payment_method: "pm_card_mastercard" });
  },
  "three-d-secure": async (stage) => {
    const payment = await openPayment(stage);
    await stage.pass(MINUTE);
    await stage.stripe.paymentIntents.confirm(payment, {
      payment_method: "pm_card_threeDSecure2Required",
      return_url: "https://shop.example.com/paid",
    });
    await stage.pass(MINUTE);
    await stage.control(`payment_intents/${payment}/authenticate`, { outcome: "pass" });
  },
  disputed: (stage) => dispute(stage, "winning_evidence"),
  "disputed-lost": (stage) => dispute(stage, "losing_evidence"),
  refunded: async (stage) => {
    const { payment } = await checkout(stage, "pm_card_visa");
    await stage.pass(DAY);
    await stage.stripe.refunds.create({ payment_intent: payment, reason: "requested_by_customer" });
  },
  "partially-refunded": async (stage) => {
    const { payment } = await checkout(stage, "pm_card_jp");
    await stage.pass(DAY);
    await stage.stripe.refunds.create({ payment_intent: payment, amount: 1500 });
    await stage.pass(DAY);
    await stage.stripe.refunds.create({ payment_intent: payment, amount: 2500 });
  },
  "refund-failed": async (stage) => {
    const { payment } = await checkout(stage, "pm_card_refundFail");
    await stage.pass(DAY);
    await stage.stripe.refunds.create({ payment_intent: payment });
    await stage.pass(DAY);
  },
  "checkout-expired": async (stage) => {
    await openSession(stage, "automatic");
    await stage.pass(2 * DAY);
  },
  "cancelled-at-provider": async (stage) => {
    const payment = await openPayment(stage);
    await stage.pass(MINUTE);
    await stage.stripe.paymentIntents.cancel(payment, { cancellation_reason: "requested_by_customer" });
  },
};

/** Scenarios whose recorded bodies are kept as text, byte for byte. */
export const EXACT = new Set(["paid-exact-bytes"]);
