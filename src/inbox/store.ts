import { claimChanges } from "../db/inbound-changes.ts";
import { storeInbound, type NewInboundWebhook } from "../db/inbound-webhooks.ts";
import { findOrders, type FoundOrder } from "../db/orders.ts";
import type { Pool, Queryable, Tx } from "../db/pool.ts";
import { route } from "../engine/messages.ts";
import type { Dispatch } from "../engine/start.ts";
import { takeIn } from "../engine/take-in.ts";
import { newId } from "../ids.ts";
import type { Log } from "../log.ts";
import { byEvent, eventId, namesIn, type Accepted, type Read } from "./arrival.ts";
import { erasedBody } from "./erased.ts";
import { letterOf } from "./letter.ts";
import { failedBecause, verdictOf, type Verdict } from "./verdict.ts";

/**
 * Stores events, no event and no change twice among them, and sends each to its order: those of no order and those of orders
 * whose workflow runs, which are nearly all.
 * @returns null for those that were set aside, of which nothing is stored: `storeAndRoute` takes them
 */
export async function storePlain(db: Queryable, batch: Read[]): Promise<(Accepted | null)[]> {
  const incoming = batch.map((read) => {
    const webhook = webhookOf(read, null, verdictOf(read.event, null, null, read.arrival.received_at));
    const { meaning, change = null } = read.event;
    const letter =
      meaning.kind === "message" ? { ...letterOf(webhook, "", meaning.message), trace: read.trace } : null;
    return { webhook, names: namesIn(read), change, letter };
  });
  const stored = byEvent(await takeIn(db, incoming));
  return incoming.map(({ webhook }) => stored.get(`${webhook.provider} ${webhook.event_id}`) ?? null);
}

/** Stores events, no event and no change twice among them, and sends each to its order, within the caller's transaction. */
export async function storeAndRoute(
  tx: Tx,
  batch: Read[],
  log: Log,
): Promise<{ accepted: Accepted[]; dispatch: Dispatch }> {
  const found = await findOrders(tx, batch.map(namesIn));
  const first = await claimChanges(tx, batch.flatMap(claimOf));
  const webhooks = batch.map((read, i) => {
    const about = found[i] ?? null;
    const order = read.event.meaning.kind === "message" ? about : null;
    const told = first.get(eventId(read)) ?? null;
    return webhookOf(read, about, verdictOf(read.event, order, told, read.arrival.received_at));
  });
  const stored = byEvent(await storeInbound(tx, webhooks));
  const accepted = webhooks.map((webhook) => acceptedAs(webhook, stored));
  const letters = webhooks.flatMap((webhook, i) => {
    const meaning = batch[i]?.event.meaning;
    if (webhook.state !== "routed" || meaning?.kind !== "message" || !accepted[i]?.fresh) return [];
    if (webhook.order_id === null) return [];
    return [{ ...letterOf(webhook, webhook.order_id, meaning.message), trace: batch[i]?.trace }];
  });
  const { dispatch } = await route(tx, "order", letters, log);
  return { accepted, dispatch };
}

/** Keeps an event that could not be routed for a reason of its own, so that it is tried again and seen. */
export async function storeFailed(pool: Pool, read: Read, error: unknown): Promise<Accepted> {
  const webhook = webhookOf(read, null, failedBecause(error));
  return acceptedAs(webhook, byEvent(await storeInbound(pool, [webhook])));
}

const claimOf = (read: Read) => {
  const { arrival, event } = read;
  if (!event.change) return [];
  const { key, told_at } = event.change;
  return [{ provider: arrival.provider, event_id: eventId(read), change: key, told_at }];
};

const acceptedAs = (webhook: NewInboundWebhook, stored: ReturnType<typeof byEvent>): Accepted => {
  const { id, provider, event_id, order_id, state } = webhook;
  return stored.get(`${provider} ${event_id}`) ?? { id, event_id, order_id, state, fresh: false };
};

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
