import { createHash } from "node:crypto";
import { storeInbound, type NewInboundWebhook } from "../db/inbound-webhooks.ts";
import { findOrders, type FoundOrder } from "../db/orders.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import { isNews } from "../domain/order-decide.ts";
import type { OrderMessage } from "../domain/order.ts";
import { route, type Letter } from "../engine/messages.ts";
import type { Dispatch } from "../engine/start.ts";
import { newId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Correlation } from "../payments/provider.ts";
import { readEvent, type ReadEvent } from "../payments/stripe/events.ts";

/** A webhook whose signature was found good. */
export interface Arrival {
  body: Buffer;
  headers: Record<string, string>;
  received_at: Date;
  /** Not sent to us but found in the provider's list of events. */
  recovered?: boolean;
}

export interface Accepted {
  id: string;
  event_id: string;
  state: NewInboundWebhook["state"];
  /** False for an event that was stored before: then nothing else happened. */
  fresh: boolean;
}

interface Read {
  arrival: Arrival;
  event: ReadEvent;
}

interface Waiting extends Read {
  resolve(accepted: Accepted): void;
  reject(error: unknown): void;
}

/** How many arrivals share a commit at most, and how many such commits are under way at once. */
const BATCH = 64;
const WRITERS = 2;

/**
 * Takes in verified webhooks: each is stored and, in the same transaction, sent to its order, before `accept` resolves.
 * Arrivals that come while a commit is under way share the next one.
 */
export function createIntake(pool: Pool, log: Log): { accept(arrival: Arrival): Promise<Accepted> } {
  const queue: Waiting[] = [];
  let writers = 0;

  function pump(): void {
    while (writers < WRITERS && queue.length > 0) {
      const batch = takeBatch(queue);
      writers++;
      void write(pool, batch, log).finally(() => {
        writers--;
        pump();
      });
    }
  }

  return {
    accept: (arrival) =>
      new Promise((resolve, reject) => {
        queue.push({ arrival, event: readEvent(arrival.body), resolve, reject });
        pump();
      }),
  };
}

/** The next arrivals, no event twice: the second of a pair has to find the first one stored. */
function takeBatch(queue: Waiting[]): Waiting[] {
  const seen = new Set<string>();
  const batch: Waiting[] = [];
  const later: Waiting[] = [];
  for (let waiting = queue.shift(); waiting; waiting = queue.shift()) {
    const id = eventId(waiting);
    if (seen.has(id) || batch.length === BATCH) later.push(waiting);
    else batch.push(waiting);
    seen.add(id);
    if (batch.length === BATCH) break;
  }
  queue.unshift(...later);
  return batch;
}

async function write(pool: Pool, batch: Waiting[], log: Log): Promise<void> {
  try {
    const { accepted, dispatch } = await inTransaction(pool, (tx) => storeAndRoute(tx, batch, log));
    dispatch();
    batch.forEach((waiting, i) => {
      const result = accepted[i];
      if (result) waiting.resolve(result);
    });
  } catch (error) {
    // One that cannot be stored must not take the others with it.
    const [only, ...others] = batch;
    if (others.length === 0) only?.reject(error);
    else for (const waiting of batch) await write(pool, [waiting], log);
  }
}

async function storeAndRoute(
  tx: Tx,
  batch: Read[],
  log: Log,
): Promise<{ accepted: Accepted[]; dispatch: Dispatch }> {
  const wanted = batch.map(({ event }) =>
    event.meaning.kind === "message" ? event.meaning.correlation : NOBODY,
  );
  const found = wanted.every((names) => names === NOBODY) ? [] : await findOrders(tx, wanted);
  const webhooks = batch.map((read, i) => webhookOf(read, found[i] ?? null));
  const fresh = await storeInbound(tx, webhooks);
  const letters = webhooks.flatMap((webhook, i) => {
    const meaning = batch[i]?.event.meaning;
    if (webhook.state !== "routed" || meaning?.kind !== "message" || !fresh.has(webhook.event_id)) return [];
    return webhook.order_id === null ? [] : [letterOf(webhook, webhook.order_id, meaning.message)];
  });
  const { dispatch } = await route(tx, "order", letters, log);
  const accepted = webhooks.map(({ id, event_id, state }) => ({
    id,
    event_id,
    state,
    fresh: fresh.has(event_id),
  }));
  return { accepted, dispatch };
}

/** Reads a body and says what is to be made of it, given which order it is about. */
export async function readArrival(
  body: Buffer,
  at: Date,
  find: (wanted: Correlation) => Promise<FoundOrder | null>,
): Promise<{
  event: ReadEvent;
  order: FoundOrder | null;
  verdict: Pick<NewInboundWebhook, "state" | "reason">;
}> {
  const event = readEvent(body);
  const order = event.meaning.kind === "message" ? await find(event.meaning.correlation) : null;
  return { event, order, verdict: stateOf(event, order, at) };
}

const NOBODY: Correlation = { order_id: null, payment_id: null, session_id: null };

/** A repeated event is the same message, whichever way it came. */
export const letterOf = (
  webhook: { provider: string; event_id: string },
  orderId: string,
  message: OrderMessage,
): Letter<OrderMessage> => ({ to: orderId, message, key: `webhook:${webhook.provider}:${webhook.event_id}` });

/** An event that does not even have an id is known by its bytes. */
const eventId = ({ event, arrival }: Read): string =>
  event.event_id ?? `unreadable_${createHash("sha256").update(arrival.body).digest("hex").slice(0, 32)}`;

function webhookOf(read: Read, order: FoundOrder | null): NewInboundWebhook {
  const { arrival, event } = read;
  const { meaning } = event;
  const names = meaning.kind === "message" ? Object.values<string | null>({ ...meaning.correlation }) : [];
  return {
    id: newId("whi"),
    provider: "stripe",
    event_id: eventId(read),
    type: event.type ?? "unknown",
    ...stateOf(event, order, arrival.received_at),
    order_id: order?.id ?? null,
    correlation: names.filter((name) => name !== null),
    recovered: arrival.recovered ?? false,
    headers: arrival.headers,
    body: arrival.body,
    received_at: arrival.received_at,
  };
}

function stateOf(
  { meaning }: ReadEvent,
  order: FoundOrder | null,
  now: Date,
): Pick<NewInboundWebhook, "state" | "reason"> {
  switch (meaning.kind) {
    case "incomprehensible":
      return { state: "quarantined", reason: meaning.reason };
    case "irrelevant":
      return { state: "ignored", reason: meaning.reason };
    case "message":
      if (!order) return { state: "parked", reason: parkedBecause(meaning.correlation) };
      if (order.at_rest && !isNews(order.at_rest, meaning.message, now))
        return { state: "ignored", reason: `the order is ${order.at_rest.status} and knows this already` };
      return { state: "routed", reason: null };
  }
}

function parkedBecause({ order_id, payment_id, session_id }: Correlation): string {
  const names = [order_id, payment_id, session_id].filter((name) => name !== null);
  return names.length > 0 ? `no order knows ${names.join(" or ")} yet` : "the event names no order";
}
