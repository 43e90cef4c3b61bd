import { createHash } from "node:crypto";
import { claimChanges } from "../db/inbound-changes.ts";
import { storeInbound, type NewInboundWebhook } from "../db/inbound-webhooks.ts";
import { findOrders, type FoundOrder } from "../db/orders.ts";
import type { Pool, Tx } from "../db/pool.ts";
import { route } from "../engine/messages.ts";
import type { Dispatch } from "../engine/start.ts";
import { newId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Traceparent } from "../observe/trace.ts";
import type { ReadEvent } from "../payments/webhook-source.ts";
import { erasedBody, mentioned } from "./erased.ts";
import { letterOf } from "./letter.ts";
import { failedBecause, verdictOf, type Verdict } from "./verdict.ts";

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
  /** Which order it was found to be about. */
  order_id: string | null;
  state: NewInboundWebhook["state"];
  /** False for an event that was stored before: then nothing else happened. */
  fresh: boolean;
}

export interface Read {
  arrival: Arrival;
  event: ReadEvent;
  /** Where traces are on: the request that brought it. */
  trace?: Traceparent | undefined;
}

/** Stores events, no event and no change twice among them, and sends each to its order, within the caller's transaction. */
export async function storeAndRoute(
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
  const first = await claimChanges(tx, batch.flatMap(claimOf));
  const webhooks = batch.map((read, i) => {
    const about = found[i] ?? null;
    const order = read.event.meaning.kind === "message" ? about : null;
    const told = first.get(eventId(read)) ?? null;
    return webhookOf(read, about, verdictOf(read.event, order, told, read.arrival.received_at));
  });
  const fresh = await storeInbound(tx, webhooks);
  const letters = webhooks.flatMap((webhook, i) => {
    const meaning = batch[i]?.event.meaning;
    if (webhook.state !== "routed" || meaning?.kind !== "message" || !fresh.has(webhook.event_id)) return [];
    if (webhook.order_id === null) return [];
    return [{ ...letterOf(webhook, webhook.order_id, meaning.message), trace: batch[i]?.trace }];
  });
  const { dispatch } = await route(tx, "order", letters, log);
  return { accepted: webhooks.map((webhook) => acceptedAs(webhook, fresh)), dispatch };
}

/** Keeps an event that could not be routed for a reason of its own, so that it is tried again and seen. */
export async function storeFailed(pool: Pool, read: Read, error: unknown): Promise<Accepted> {
  const webhook = webhookOf(read, null, failedBecause(error));
  return acceptedAs(webhook, await storeInbound(pool, [webhook]));
}

/** An event that does not even have an id is known by its bytes. */
export const eventId = ({ event, arrival }: Read): string =>
  event.event_id ?? `unreadable_${createHash("sha256").update(arrival.body).digest("hex").slice(0, 32)}`;

const claimOf = (read: Read) => {
  const { arrival, event } = read;
  if (!event.change) return [];
  const { key, told_at } = event.change;
  return [{ provider: arrival.provider, event_id: eventId(read), change: key, told_at }];
};

const acceptedAs = ({ id, event_id, order_id, state }: NewInboundWebhook, fresh: Set<string>): Accepted => ({
  id,
  event_id,
  order_id,
  state,
  fresh: fresh.has(event_id),
});

/** `about` is the order that it names, also where it is nothing to that order. */
function webhookOf(read: Read, about: FoundOrder | null, verdict: Verdict): NewInboundWebhook {
  const { arrival, event } = read;
  const { meaning } = event;
  const names = meaning.kind === "message" ? Object.values<string | null>({ ...meaning.correlation }) : [];
  return {
    id: newId("whi"),
    provider: arrival.provider,
    event_id: eventId(read),
    type: event.type ?? "unknown",
    ...verdict,
    order_id: meaning.kind === "message" ? (about?.id ?? null) : null,
    correlation: names.filter((name) => name !== null),
    recovered: arrival.recovered ?? false,
    headers: arrival.headers,
    body: about?.erased ? erasedBody(arrival.body, about.id) : arrival.body,
    received_at: arrival.received_at,
  };
}
