import { failInbound, takeDue, type InboundState } from "../db/inbound-webhooks.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { isPassing } from "../engine/lost-connection.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { hold, takeAgain } from "./again.ts";
import { isErasedBody } from "./erased.ts";
import { failedBecause } from "./verdict.ts";

/** How many one sweep looks at: its cost does not grow with what is parked. */
const AT_ONCE = 500;
const WAITS: ReadonlySet<InboundState> = new Set(["parked", "failed"]);

/**
 * Looks at what is due: parked webhooks whose order has become known since, and failed ones. Each look at one puts its next
 * one off, so a process that dies here, or two at once, cost time and nothing else.
 * @returns how many went to their order
 */
export async function takeWaiting(pool: Pool, sources: WebhookSources, log: Log): Promise<number> {
  let delivered = 0;
  for (const id of await takeDue(pool, AT_ONCE)) {
    try {
      if (await takeOne(pool, sources, id, log)) delivered++;
    } catch (error) {
      if (isPassing(error)) throw error;
      log.error({ err: error, webhook: id }, "a webhook could not be taken in");
      await failInbound(pool, id, failedBecause(error).reason);
    }
  }
  return delivered;
}

async function takeOne(pool: Pool, sources: WebhookSources, id: string, log: Log): Promise<boolean> {
  const dispatch = await inTransaction(pool, async (tx) => {
    const held = await hold(tx, sources, id);
    // Somebody else was faster, or its body was erased meanwhile: then it reads as nothing.
    if (!held || !WAITS.has(held.webhook.state) || isErasedBody(held.webhook.body)) return null;
    return (await takeAgain(tx, sources, held, log)).dispatch;
  });
  dispatch?.();
  return dispatch !== null;
}
