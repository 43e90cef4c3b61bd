import type { Delivery } from "./objects.ts";
import type { Account } from "./state.ts";

/** An event's deliveries by endpoint; one that was asked for again counts with its latest. */
function byEndpoint(account: Account, event: string): Delivery[][] {
  const found = new Map<string, Delivery[]>();
  for (const each of account.of.deliveries.by("event", event)) {
    if (each.state === "superseded") continue;
    found.set(each.endpoint, [...(found.get(each.endpoint) ?? []), each]);
  }
  return [...found.values()];
}

const took = (deliveries: Delivery[]) => deliveries.some((each) => each.state === "delivered");

/** How many endpoints have not taken the event yet: its `pending_webhooks`. */
export const pendingOf = (account: Account, event: string): number =>
  byEndpoint(account, event).filter((deliveries) => !took(deliveries)).length;

/**
 * The event's answer to the filter `delivery_success`: true when every endpoint took it, false when it was dropped for
 * some endpoint or its delivery failed so far; null while its first try is still to come.
 */
export function deliverySuccess(account: Account, event: string): boolean | null {
  const open = byEndpoint(account, event).filter((deliveries) => !took(deliveries));
  if (open.length === 0) return true;
  const missed = (each: Delivery) => each.state !== "waiting" || each.attempts > 0;
  return open.some((deliveries) => deliveries.some(missed)) ? false : null;
}
