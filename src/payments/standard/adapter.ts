import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { KEY_SPENT } from "../../domain/todo.ts";
import { ProviderError, type MissedEvent, type OpenPayment, type PaymentProvider } from "../provider.ts";
import { decimalOf, toDecimal } from "./amount.ts";
import { createClient } from "./client.ts";
import { operationShape, paymentShape, type Operation, type Payment } from "./shapes.ts";
import { paymentOf, refundOf, sessionOf, statementOf } from "./snapshots.ts";

/** How long an answer waits for an operation to finish, look by look. What takes longer is asked for again later. */
const LOOKS_MS = [50, 100, 200, 400];

/** An operation that the payment's state does not allow: the payment itself says what it is. */
const WRONG_STATE = "wrong_state";
/** An operation that came to nothing for a reason that passes. */
const TRY_AGAIN = "try_again";

const VIA = { checkout: "page", client: "client", confirm: "server" } as const;

/** The provider port on an HTTP API that is nothing like Stripe's: docs/providers.md describes it. */
export function createStandardProvider(options: { apiKey: string; apiBase: string }): PaymentProvider {
  const client = createClient(options);
  const at = (id: string) => `/payments/${encodeURIComponent(id)}`;

  const payment = async (id: string): Promise<Payment> => read(paymentShape, await client.get(at(id)));

  const operation = async (id: string, body: Record<string, unknown>, key: string): Promise<Operation> =>
    read(operationShape, await client.post(`${at(id)}/operations`, body, key));

  /** Waits a little for an operation; the same call with the same key goes on waiting for the same operation. */
  async function finished(started: Operation): Promise<Operation> {
    let now = started;
    for (const ms of LOOKS_MS) {
      if (now.state !== "pending") return now;
      await sleep(ms);
      now = read(operationShape, await client.get(`/operations/${encodeURIComponent(started.id)}`));
    }
    if (now.state !== "pending") return now;
    throw new ProviderError(`the provider is still at work on the ${now.kind}`, {
      code: "operation_pending",
      retry: true,
    });
  }

  /** Changes a payment until it is in one of these states, whoever brought it there. */
  async function change(
    id: string,
    body: Record<string, unknown>,
    key: string,
    ends: readonly Payment["state"][],
  ): Promise<Payment> {
    let refused: ProviderError | null = null;
    try {
      const { kind, refusal } = await finished(await operation(id, body, key));
      if (refusal) refused = refusalOf(kind, refusal);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.code !== WRONG_STATE) throw error;
    }
    const now = await payment(id);
    if (ends.includes(now.state)) return now;
    throw (
      refused ?? new ProviderError(`payment ${id} is ${now.state}`, { code: "unexpected_state", retry: true })
    );
  }

  return {
    name: "standard",
    async open(wanted, key) {
      const opened = read(paymentShape, await client.post("/payments", openingOf(wanted), key));
      return opened.pay_url === null
        ? { kind: "payment", payment: paymentOf(opened) }
        : { kind: "session", session: sessionOf(opened) };
    },
    async confirm(id, method, return_url, key) {
      try {
        const body = { method, return_url };
        return paymentOf(read(paymentShape, await client.post(`${at(id)}/attempts`, body, key)));
      } catch (error) {
        if (error instanceof ProviderError && error.code === WRONG_STATE) return paymentOf(await payment(id));
        throw error;
      }
    },
    async capture(id, amount, key) {
      const { currency } = (await payment(id)).total;
      const body = { kind: "capture", amount: decimalOf(amount, currency) };
      return paymentOf(await change(id, body, key, ["paid", "cancelled"]));
    },
    async void(id, key) {
      return paymentOf(await change(id, { kind: "cancel" }, key, ["paid", "cancelled"]));
    },
    async expireSession(id, key) {
      const ends = ["authorised", "paid", "cancelled"] as const;
      return sessionOf(await change(id, { kind: "cancel", unpaid_only: true }, key, ends));
    },
    async refund({ paymentId, amount, refundId }, key) {
      const { currency } = (await payment(paymentId)).total;
      const body = { kind: "refund", amount: decimalOf(amount, currency), reference: refundId };
      // Not waited for: an order knows refunds that are under way.
      return refundOf(await operation(paymentId, body, key));
    },
    retrieve: async (id) => paymentOf(await payment(id)),
    retrieveSession: async (id) => sessionOf(await payment(id)),
    statement: async (id) => statementOf(await payment(id)),
    missedEvents: () => NOTHING,
  };
}

/** The provider keeps no list of events: what got lost is found by looking at payments. */
const NOTHING: AsyncIterable<MissedEvent> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

const openingOf = ({ facts, capture, return_url }: OpenPayment) => ({
  order: facts.id,
  reference: facts.reference,
  total: toDecimal(facts),
  take: capture === "manual" ? "hold" : "now",
  via: VIA[facts.payment_mode],
  return_url,
  ...(facts.payment_mode === "confirm" ? { method: facts.payment_method } : {}),
  ...(facts.description === null ? {} : { description: facts.description }),
  ...(facts.customer.email === null ? {} : { email: facts.customer.email }),
});

const refusalOf = (kind: string, { code, text }: { code: string; text: string }): ProviderError =>
  new ProviderError(
    `the ${kind} was refused: ${text}`,
    code === TRY_AGAIN ? { code: KEY_SPENT, retry: true } : { code, retry: false },
  );

function read<T>(shape: z.ZodType<T>, json: unknown): T {
  const parsed = shape.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ProviderError(`the provider's answer makes no sense: ${z.prettifyError(parsed.error)}`, {
    code: "nonsense",
    retry: true,
    cause: parsed.error,
  });
}
