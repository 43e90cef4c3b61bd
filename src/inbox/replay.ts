import {
  failInbound,
  findMatching,
  getInbound,
  type InboundFilter,
  type InboundViewer,
  type InboundWebhook,
} from "../db/inbound-webhooks.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import type { Dispatch } from "../engine/start.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { isPassing } from "../engine/lost-connection.ts";
import { takeAgain } from "./again.ts";
import { isErasedBody } from "./erased.ts";
import { failedBecause } from "./verdict.ts";

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
  try {
    const { result, dispatch } = await inTransaction(pool, (tx) => replay(tx, sources, id, log));
    dispatch?.();
    return result;
  } catch (error) {
    if (isPassing(error)) throw error;
    log.error({ err: error, webhook: id }, "a webhook could not be replayed");
    const { reason } = failedBecause(error);
    await failInbound(pool, id, reason);
    return { id, state: "failed", reason };
  }
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
  // A key of its own: the engine drops one that it has seen, and the order itself knows what is no news.
  const again = (key: string) => `${key}:replay:${webhook.attempts}`;
  const { state, reason, dispatch } = await takeAgain(tx, sources, webhook, log, again);
  return { result: { id, state, reason }, dispatch };
}
