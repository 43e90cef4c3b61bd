import { claimChanges } from "../db/inbound-changes.ts";
import { getInbound, setInboundState, type InboundWebhook } from "../db/inbound-webhooks.ts";
import { findOrders, type FoundOrder } from "../db/orders.ts";
import type { Tx } from "../db/pool.ts";
import { route } from "../engine/messages.ts";
import type { Dispatch } from "../engine/start.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { letterOf } from "./letter.ts";
import { readEvent } from "./read.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

/** A stored webhook whose row is locked, and the order that it is about, if any, whose row was locked before. */
export interface Held {
  webhook: InboundWebhook;
  order: FoundOrder | null;
}

/** Locks a webhook and its order, in the order that `findOrders` asks for. Null when there is no such webhook. */
export async function hold(tx: Tx, sources: WebhookSources, id: string): Promise<Held | null> {
  const stored = await getInbound(tx, id);
  if (!stored) return null;
  const { meaning } = readEvent(sources, stored);
  const [order = null] = meaning.kind === "message" ? await findOrders(tx, [meaning.correlation]) : [];
  const webhook = await getInbound(tx, id, { lock: true });
  return webhook && { webhook, order };
}

export interface Again extends Verdict {
  /** What to start after the commit; null: nothing was sent. */
  dispatch: Dispatch | null;
}

/**
 * Takes a stored webhook in once more as if it came now, and sets what became of it.
 * @param key of the letter to its order: the engine drops one that it has seen
 */
export async function takeAgain(
  tx: Tx,
  sources: WebhookSources,
  { webhook, order }: Held,
  log: Log,
  key: (key: string) => string = (key) => key,
): Promise<Again> {
  const { id, provider, event_id, received_at } = webhook;
  const event = readEvent(sources, webhook);
  const { meaning, change } = event;
  const claim = change ? [{ provider, event_id, change: change.key, told_at: change.told_at }] : [];
  const told = (await claimChanges(tx, claim)).get(event_id) ?? null;
  const verdict = verdictOf(event, order, told, received_at);
  // Once routed it stays so: that its order knows it by now is the effect that it had.
  const after = webhook.state === "routed" ? { state: webhook.state, reason: webhook.reason } : verdict;
  const delivered = webhook.state === "parked" && verdict.state === "routed";
  const reason = delivered ? "delivered when its order became known" : after.reason;
  await setInboundState(tx, id, after.state, reason, order?.id ?? null);
  if (verdict.state !== "routed" || !order || meaning.kind !== "message")
    return { state: after.state, reason, dispatch: null };
  const letter = letterOf(webhook, order.id, meaning.message);
  const { dispatch } = await route(tx, "order", [{ ...letter, key: key(letter.key) }], log);
  return { state: after.state, reason, dispatch };
}
