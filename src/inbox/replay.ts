import {
  findMatching,
  getInbound,
  setInboundState,
  type InboundFilter,
  type InboundViewer,
  type InboundWebhook,
} from "../db/inbound-webhooks.ts";
import { findOrders } from "../db/orders.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import { route } from "../engine/messages.ts";
import type { Dispatch } from "../engine/start.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { isErasedBody } from "./erased.ts";
import { letterOf } from "./letter.ts";
import { readEvent } from "./read.ts";
import { verdictOf } from "./verdict.ts";

/** What one replay did: the webhook's state after it, and why. */
export interface Replayed {
  id: string;
  state: InboundWebhook["state"];
  reason: string | null;
}

/**
 * Takes a stored webhook in once more, as if it came now: what was parked or could not be read may find its order or be
 * understood by this release. For an order that knows it already nothing changes.
 * @returns null when there is no such webhook.
 */
export async function replayOne(
  pool: Pool,
  sources: WebhookSources,
  id: string,
  log: Log,
): Promise<Replayed | null> {
  const { result, dispatch } = await inTransaction(pool, (tx) => replay(tx, sources, id, log));
  dispatch?.();
  return result;
}

/** How many one call replays at most; the rest is for the next call. */
const AT_ONCE = 500;

export interface ReplayReport {
  object: "replay";
  dry_run: boolean;
  matched: number;
  replayed: number;
  has_more: boolean;
  /** How many ended in which state. */
  states: Record<string, number>;
}

/** Replays all that match, oldest first; with `dry_run` only counts them. */
export async function replayMany(
  pool: Pool,
  sources: WebhookSources,
  viewer: InboundViewer,
  filter: InboundFilter,
  dryRun: boolean,
  log: Log,
): Promise<ReplayReport> {
  const ids = await findMatching(pool, viewer, filter, AT_ONCE + 1);
  const report: ReplayReport = {
    object: "replay",
    dry_run: dryRun,
    matched: Math.min(ids.length, AT_ONCE),
    replayed: 0,
    has_more: ids.length > AT_ONCE,
    states: {},
  };
  if (dryRun) return report;
  for (const id of ids.slice(0, AT_ONCE)) {
    const result = await replayOne(pool, sources, id, log);
    if (!result) continue;
    report.replayed++;
    report.states[result.state] = (report.states[result.state] ?? 0) + 1;
  }
  return report;
}

async function replay(
  tx: Tx,
  sources: WebhookSources,
  id: string,
  log: Log,
): Promise<{ result: Replayed | null; dispatch: Dispatch | null }> {
  const webhook = await getInbound(tx, id, { lock: true });
  if (!webhook) return { result: null, dispatch: null };
  if (isErasedBody(webhook.body)) {
    const reason = "its body was erased with the personal data of its order";
    return { result: { id, state: webhook.state, reason }, dispatch: null };
  }
  const event = readEvent(sources, webhook);
  const [order = null] =
    event.meaning.kind === "message" ? await findOrders(tx, [event.meaning.correlation]) : [];
  const verdict = verdictOf(event, order, webhook.received_at);
  // Once routed it stays so: that its order knows it by now is the effect that it had.
  const state = webhook.state === "routed" ? "routed" : verdict.state;
  const reason = webhook.state === "routed" ? webhook.reason : verdict.reason;
  await setInboundState(tx, id, state, reason, order?.id ?? null);
  if (verdict.state !== "routed" || !order || event.meaning.kind !== "message")
    return { result: { id, state, reason }, dispatch: null };
  const letter = letterOf(webhook, order.id, event.meaning.message);
  // A key of its own: the engine drops one that it has seen, and the order itself knows what is no news.
  const again = { ...letter, key: `${letter.key}:replay:${webhook.attempts}` };
  const { dispatch } = await route(tx, "order", [again], log);
  return { result: { id, state, reason }, dispatch };
}
