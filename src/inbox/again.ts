import { claimChanges } from "../db/inbound-changes.ts";
import { setInboundState, type InboundWebhook } from "../db/inbound-webhooks.ts";
import { findOrders } from "../db/orders.ts";
import type { Tx } from "../db/pool.ts";
import { route } from "../engine/messages.ts";
import type { Dispatch } from "../engine/start.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { letterOf } from "./letter.ts";
import { readEvent } from "./read.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

export interface Again extends Verdict {
  /** What to start after the commit; null: nothing was sent. */
  dispatch: Dispatch | null;
}

/**
 * Takes a stored webhook, whose row the caller has locked, in once more as if it came now, and sets what became of it.
 * @param key of the letter to its order: the engine drops one that it has seen
 */
export async function takeAgain(
  tx: Tx,
  sources: WebhookSources,
  webhook: InboundWebhook,
  log: Log,
  key: (key: string) => string = (key) => key,
): Promise<Again> {
  const { id, provider, event_id, received_at } = webhook;
  const event = readEvent(sources, webhook);
  const { meaning, change } = event;
  const [order = null] = meaning.kind === "message" ? await findOrders(tx, [meaning.correlation]) : [];
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
