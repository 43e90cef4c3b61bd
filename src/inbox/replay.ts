import {
  countMatching,
  failInbound,
  findMatching,
  type InboundFilter,
  type InboundViewer,
  type InboundWebhook,
} from "../db/inbound-webhooks.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import type { Dispatch } from "../engine/start.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { isPassing } from "../engine/lost-connection.ts";
import { hold, takeAgain } from "./again.ts";
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
  /** All that match, in a dry run; else those of this call. */
  matched: number;
  replayed: number;
  has_more: boolean;
  /** The last one replayed, after which the next call goes on; null: there is no more. */
  last: string | null;
  /** How many ended in which state. */
  states: Record<string, number>;
}

interface Wanted {
  viewer: InboundViewer;
  filter: InboundFilter;
  /** The last one that was replayed before; absent: begin with the oldest. */
  after?: string | undefined;
}

/** Replays the next that match, oldest first. */
export async function replayMany(
  pool: Pool,
  sources: WebhookSources,
  { viewer, filter, after = "" }: Wanted,
  log: Log,
): Promise<ReplayReport> {
  const found = await findMatching(pool, viewer, filter, { after, limit: AT_ONCE + 1 });
  const ids = found.slice(0, AT_ONCE);
  const has_more = found.length > AT_ONCE;
  const states: Record<string, number> = {};
  let replayed = 0;
  for (const id of ids) {
    const result = await replayOne(pool, sources, id, log);
    if (!result) continue;
    replayed++;
    states[result.state] = (states[result.state] ?? 0) + 1;
  }
  const last = has_more ? (ids.at(-1) ?? null) : null;
  return { object: "replay", dry_run: false, matched: ids.length, replayed, has_more, last, states };
}

/** Counts what would be replayed. */
export async function countReplay(pool: Pool, { viewer, filter }: Wanted): Promise<ReplayReport> {
  const matched = await countMatching(pool, viewer, filter);
  return { object: "replay", dry_run: true, matched, replayed: 0, has_more: false, last: null, states: {} };
}

async function replay(
  tx: Tx,
  sources: WebhookSources,
  id: string,
  log: Log,
): Promise<{ result: Replayed | null; dispatch: Dispatch | null }> {
  const held = await hold(tx, sources, id);
  if (!held) return { result: null, dispatch: null };
  const { webhook } = held;
  if (isErasedBody(webhook.body)) {
    const reason = "its body was erased with the personal data of its order";
    return { result: { id, state: webhook.state, reason }, dispatch: null };
  }
  // A key of its own: the engine drops one that it has seen, and the order itself knows what is no news.
  const again = (key: string) => `${key}:replay:${webhook.attempts}`;
  const { state, reason, dispatch } = await takeAgain(tx, sources, held, log, again);
  return { result: { id, state, reason }, dispatch };
}
