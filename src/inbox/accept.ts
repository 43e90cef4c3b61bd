import { createHash } from "node:crypto";
import { storeInbound, type NewInboundWebhook } from "../db/inbound-webhooks.ts";
import { findOrders, type FoundOrder } from "../db/orders.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import { route } from "../engine/messages.ts";
import type { Dispatch } from "../engine/start.ts";
import { newId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { ReadEvent, WebhookSources } from "../payments/webhook-source.ts";
import { erasedBody, mentioned } from "./erased.ts";
import { letterOf } from "./letter.ts";
import { readEvent } from "./read.ts";
import { verdictOf } from "./verdict.ts";

/** An event of a webhook whose signature was found good. */
export interface Arrival {
  /** The name of its source. */
  provider: string;
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
export function createIntake(
  pool: Pool,
  sources: WebhookSources,
  log: Log,
): { accept(arrival: Arrival): Promise<Accepted> } {
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
        queue.push({ arrival, event: readEvent(sources, arrival), resolve, reject });
        pump();
      }),
  };
}

/** The next arrivals, no event id twice: the second of a pair has to find the first one stored. */
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
  const wanted = batch.map(({ event, arrival }) =>
    event.meaning.kind === "message" ? event.meaning.correlation : mentioned(arrival.body),
  );
  const nobody = wanted.every((names) =>
    Object.values<string | null>({ ...names }).every((id) => id === null),
  );
  const found = nobody ? [] : await findOrders(tx, wanted);
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

/** An event that does not even have an id is known by its bytes. */
const eventId = ({ event, arrival }: Read): string =>
  event.event_id ?? `unreadable_${createHash("sha256").update(arrival.body).digest("hex").slice(0, 32)}`;

function webhookOf(read: Read, about: FoundOrder | null): NewInboundWebhook {
  const { arrival, event } = read;
  const { meaning } = event;
  const order = meaning.kind === "message" ? about : null;
  const names = meaning.kind === "message" ? Object.values<string | null>({ ...meaning.correlation }) : [];
  return {
    id: newId("whi"),
    provider: arrival.provider,
    event_id: eventId(read),
    type: event.type ?? "unknown",
    ...verdictOf(event, order, arrival.received_at),
    order_id: order?.id ?? null,
    correlation: names.filter((name) => name !== null),
    recovered: arrival.recovered ?? false,
    headers: arrival.headers,
    body: about?.erased ? erasedBody(arrival.body, about.id) : arrival.body,
    received_at: arrival.received_at,
  };
}
