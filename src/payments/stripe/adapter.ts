import Stripe from "stripe";
import { ProviderError, type PaymentProvider } from "../provider.ts";
import { SUBSCRIPTION } from "./subscription.ts";
import { findIntent, findSession, refundsOf, unix } from "./lookup.ts";
import { declinedIsAnAnswer, openIntent, openSession } from "./opening.ts";
import { madeOr, spent } from "./indeterminate.ts";
import {
  disputeOf,
  disputeShape,
  intentShape,
  paymentOf,
  refundOf,
  refundShape,
  sessionOf,
  sessionShape,
  WITH_CHARGE,
  WITH_PAYMENT,
} from "./snapshots.ts";

interface Options {
  apiKey: string;
  /** `http://127.0.0.1:4242` for the bundled mock, `https://api.stripe.com` for the real one. */
  apiBase: string;
}

const TIMEOUT_MS = 20_000;

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

  const retrieveSession = (id: string) =>
    call(async () =>
      sessionOf(sessionShape.parse(await stripe.checkout.sessions.retrieve(id, WITH_PAYMENT))),
    );

  /** Runs a change of a payment; when its state does not allow the change, the payment itself says what it is. */
  async function change(id: string, run: () => Promise<Stripe.PaymentIntent>, expected: string[]) {
    const payment = await call(() =>
      madeOr(
        async () => paymentOf(intentShape.parse(await run())),
        async () => {
          const now = await retrieve(id);
          return expected.includes(now.status) ? now : null;
        },
      ),
    ).catch((error: unknown) => {
      if (error instanceof ProviderError && error.code === "payment_intent_unexpected_state")
        return retrieve(id);
      throw error;
    });
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
    retrieveSession,
    open: (payment, key) =>
      call(() =>
        payment.facts.payment_mode === "checkout"
          ? madeOr(
              () => openSession(stripe, payment, key),
              () => findSession(stripe, payment.facts),
            )
          : madeOr(
              () => openIntent(stripe, payment, key),
              () => findIntent(stripe, payment.facts),
            ),
      ),
    confirm: (id, payment_method, return_url, key) =>
      call(() =>
        madeOr(
          () =>
            declinedIsAnAnswer(() =>
              stripe.paymentIntents.confirm(
                id,
                { payment_method, return_url, ...WITH_CHARGE },
                { idempotencyKey: key },
              ),
            ),
          async () => {
            const now = await retrieve(id);
            return now.status === "requires_payment_method" ? null : now;
          },
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
        let failure: unknown;
        const session = await stripe.checkout.sessions
          .expire(id, {}, { idempotencyKey: key })
          .catch((error: unknown) => {
            failure = error;
            return stripe.checkout.sessions.retrieve(id, WITH_PAYMENT);
          });
        const snapshot = sessionOf(sessionShape.parse(session));
        if (snapshot.status !== "open") return snapshot;
        throw (
          spent(failure) ??
          new ProviderError(`checkout session ${id} is still open`, { code: "unexpected_state", retry: true })
        );
      }),
    refund: ({ paymentId, amount, refundId, orderId }, key) =>
      call(() =>
        madeOr(
          async () =>
            refundOf(
              refundShape.parse(
                await stripe.refunds.create(
                  { payment_intent: paymentId, amount, metadata: { refund_id: refundId, order_id: orderId } },
                  { idempotencyKey: key },
                ),
              ),
            ),
          async () =>
            (await refundsOf(stripe, paymentId)).find((refund) => refund.refund_id === refundId) ?? null,
        ),
      ),
    statement: (id) =>
      call(async () => {
        const payment = await retrieve(id);
        if (payment.amount_captured === 0) return { payment, refunds: [], disputes: [] };
        const disputes = await stripe.disputes
          .list({ payment_intent: id, limit: 100 })
          .autoPagingToArray({ limit: 1_000 });
        return {
          payment,
          refunds: await refundsOf(stripe, id),
          disputes: disputes.map((dispute) => disputeOf(disputeShape.parse(dispute))),
        };
      }),
    async *missedEvents(since, which = "undelivered") {
      const until = unix(new Date());
      const delivery = which === "all" ? {} : { delivery_success: false };
      const oldest = Math.max(unix(since), until - EVENTS_KEPT_S);
      // Lists begin with the newest: hour by hour they come oldest first, and no list is too long.
      for (let from = oldest; from <= until; from += LOOK_S) {
        const created = from + LOOK_S > until ? { gte: from } : { gte: from, lt: from + LOOK_S };
        const missed = await call(() =>
          stripe.events
            .list({ types: TYPES, ...delivery, created, limit: 100 })
            .autoPagingToArray({ limit: 10_000 }),
        );
        for (const event of missed.reverse())
          yield {
            event_id: event.id,
            body: Buffer.from(JSON.stringify(event)),
            created_at: new Date(event.created * 1000),
          };
      }
    },
  };
}

/** Events are listed for 30 days (https://docs.stripe.com/api/events). */
const EVENTS_KEPT_S = 30 * 86_400;
const LOOK_S = 3_600;
const TYPES = SUBSCRIPTION.map(({ type }) => type);

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
