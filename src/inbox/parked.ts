import { findDeliverable, getInbound, setInboundState } from "../db/inbound-webhooks.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { route } from "../engine/messages.ts";
import type { Dispatch } from "../engine/start.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { letterOf } from "./letter.ts";
import { readEvent } from "./read.ts";
import { verdictOf } from "./verdict.ts";

const SWEEP_EVERY_MS = 3_000;
const AT_ONCE = 100;

/** Delivers parked webhooks to orders that have become known since, every few seconds. */
export function startParkedSweeper(pool: Pool, sources: WebhookSources, log: Log): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let idle = true;
  const timer = setInterval(() => {
    if (!idle) return;
    idle = false;
    running = deliverParked(pool, sources, log)
      .then((delivered) => {
        if (delivered > 0) log.info({ delivered }, "parked webhooks were delivered");
      })
      .catch((error: unknown) => log.warn({ err: error }, "parked webhooks could not be looked at"))
      .finally(() => (idle = true));
  }, SWEEP_EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

/** @returns how many were delivered. */
export async function deliverParked(pool: Pool, sources: WebhookSources, log: Log): Promise<number> {
  const deliverable = await findDeliverable(pool, AT_ONCE);
  let delivered = 0;
  for (const { id, order_id } of deliverable) {
    const dispatch = await inTransaction(pool, async (tx): Promise<Dispatch | null> => {
      const webhook = await getInbound(tx, id, { lock: true });
      if (webhook?.state !== "parked") return null;
      const event = readEvent(sources, webhook);
      const { meaning } = event;
      if (meaning.kind !== "message") {
        // Read differently than when it came; left parked it would be looked at for ever.
        const { state, reason } = verdictOf(event, null, webhook.received_at);
        await setInboundState(tx, id, state, reason, order_id);
        return null;
      }
      const { dispatch } = await route(tx, "order", [letterOf(webhook, order_id, meaning.message)], log);
      await setInboundState(tx, id, "routed", "delivered when its order became known", order_id);
      return dispatch;
    });
    if (dispatch) delivered++;
    dispatch?.();
  }
  return delivered;
}
