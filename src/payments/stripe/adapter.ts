import Stripe from "stripe";
import type { OrderFacts } from "../../domain/order.ts";
import { ProviderError, type OpenedPayment, type OpenPayment, type PaymentProvider } from "../provider.ts";
import { intentShape, paymentOf, refundOf, refundShape, sessionOf, sessionShape } from "./snapshots.ts";

interface Options {
  apiKey: string;
  /** `http://127.0.0.1:4242` for the bundled mock, `https://api.stripe.com` for the real one. */
  apiBase: string;
}

const TIMEOUT_MS = 20_000;
/** Stripe keeps a session open for 24 hours at most; we expire it ourselves when the order's time is up. */
const SESSION_S = 24 * 3_600 - 60;

const WITH_CHARGE = { expand: ["latest_charge"] };

/** The provider port on the official SDK. Retries are durable and ours, so the SDK makes none. */
export function createStripeProvider({ apiKey, apiBase }: Options): PaymentProvider {
  const base = new URL(apiBase);
  const stripe = new Stripe(apiKey, {
    host: base.hostname,
    port: base.port || (base.protocol === "https:" ? "443" : "80"),
    protocol: base.protocol === "http:" ? "http" : "https",
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
  });

  const retrieve = (id: string) =>
    call(async () => paymentOf(intentShape.parse(await stripe.paymentIntents.retrieve(id, WITH_CHARGE))));

  /** Runs a change of a payment; when its state does not allow the change, the payment itself says what it is. */
  async function change(id: string, run: () => Promise<Stripe.PaymentIntent>, expected: string[]) {
    const payment = await call(async () => paymentOf(intentShape.parse(await run()))).catch(
      async (error: unknown) => {
        if (!(error instanceof ProviderError)) throw error;
        if (error.code === "payment_intent_unexpected_state") return retrieve(id);
        // After a 5xx the change may have been made, and the same key replays the same 5xx: the payment itself says.
        const now = error.cause instanceof Stripe.errors.StripeAPIError ? await retrieve(id) : null;
        if (now && expected.includes(now.status)) return now;
        throw error;
      },
    );
    if (!expected.includes(payment.status))
      throw new ProviderError(`payment ${id} is ${payment.status}`, {
        code: "unexpected_state",
        retry: true,
      });
    return payment;
  }

  return {
    name: "stripe",
    retrieve,
    open: (payment, key) =>
      call(() =>
        (payment.facts.payment_mode === "checkout" ? openSession : openIntent)(stripe, payment, key),
      ),
    confirm: (id, payment_method, return_url, key) =>
      call(() =>
        declinedIsAnAnswer(() =>
          stripe.paymentIntents.confirm(
            id,
            { payment_method, return_url, ...WITH_CHARGE },
            { idempotencyKey: key },
          ),
        ),
      ),
    capture: (id, amount, key) =>
      change(
        id,
        () =>
          stripe.paymentIntents.capture(
            id,
            { amount_to_capture: amount, ...WITH_CHARGE },
            { idempotencyKey: key },
          ),
        ["succeeded", "canceled"],
      ),
    void: (id, key) =>
      change(id, () => stripe.paymentIntents.cancel(id, {}, { idempotencyKey: key }), [
        "succeeded",
        "canceled",
      ]),
    expireSession: (id, key) =>
      call(async () => {
        const session = await stripe.checkout.sessions.expire(id, {}, { idempotencyKey: key }).catch(() =>
          stripe.checkout.sessions.retrieve(id, {
            expand: ["payment_intent", "payment_intent.latest_charge"],
          }),
        );
        const snapshot = sessionOf(sessionShape.parse(session));
        if (snapshot.status === "open")
          throw new ProviderError(`checkout session ${id} is still open`, {
            code: "unexpected_state",
            retry: true,
          });
        return snapshot;
      }),
    refund: ({ paymentId, amount, refundId, orderId }, key) =>
      call(async () =>
        refundOf(
          refundShape.parse(
            await stripe.refunds.create(
              { payment_intent: paymentId, amount, metadata: { refund_id: refundId, order_id: orderId } },
              { idempotencyKey: key },
            ),
          ),
        ),
      ),
  };
}

async function openSession(
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

async function openIntent(
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
async function declinedIsAnAnswer(run: () => Promise<Stripe.PaymentIntent>) {
  try {
    return paymentOf(intentShape.parse(await run()));
  } catch (error) {
    const intent = error instanceof Stripe.errors.StripeCardError ? error.payment_intent : undefined;
    if (intent) return paymentOf(intentShape.parse(intent));
    throw error;
  }
}

/** Errors in our terms: what may pass later is retried, what the provider refuses is not. */
async function call<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    if (error instanceof Stripe.errors.StripeError) {
      const status = error.statusCode ?? 0;
      // 409 is another call with our key still running; 401 and 403 are a configuration that an operator mends.
      const retry = status === 0 || status >= 500 || [401, 403, 409, 429].includes(status);
      throw new ProviderError(error.message, { code: error.code ?? error.type, retry, cause: error });
    }
    const message = error instanceof Error ? error.message : String(error);
    throw new ProviderError(`the provider's answer makes no sense: ${message}`, {
      code: "nonsense",
      retry: true,
      cause: error,
    });
  }
}
