import type { InboundWebhook } from "../db/inbound-webhooks.ts";
import type { FoundOrder } from "../db/orders.ts";
import { isNews } from "../domain/order-decide.ts";
import type { Correlation } from "../payments/provider.ts";
import type { ReadEvent } from "../payments/webhook-source.ts";

/** What is to be made of an event, and why. */
export type Verdict = Pick<InboundWebhook, "state" | "reason">;

/**
 * Judges an event, given which order it is about and which other event told the same before: nothing that is authentic is ever
 * dropped.
 */
export function verdictOf(
  { meaning }: ReadEvent,
  order: FoundOrder | null,
  toldBy: string | null,
  now: Date,
): Verdict {
  switch (meaning.kind) {
    case "incomprehensible":
      return { state: "quarantined", reason: meaning.reason };
    case "irrelevant":
      return { state: "ignored", reason: meaning.reason };
    case "message":
      if (toldBy !== null) return { state: "ignored", reason: `the same change as ${toldBy}` };
      if (!order) return { state: "parked", reason: parkedBecause(meaning.correlation) };
      if (order.at_rest && !isNews(order.at_rest, meaning.message, now))
        return { state: "ignored", reason: `the order is ${order.at_rest.status} and knows this already` };
      return { state: "routed", reason: null };
  }
}

function parkedBecause({ order_id, payment_id, session_id }: Correlation): string {
  const names = [order_id, payment_id, session_id].filter((name) => name !== null);
  return names.length > 0 ? `no order knows ${names.join(" or ")} yet` : "the event names no order";
}

/** It was understood, and taking it in went wrong on our side. */
export const failedBecause = (error: unknown): Verdict => ({
  state: "failed",
  reason: `could not be taken in: ${(error instanceof Error ? error.message : String(error)).slice(0, 200)}`,
});
