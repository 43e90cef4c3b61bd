import type { EndpointFacts } from "../../payments/stripe/preflight.ts";
import { missingEvents, SUBSCRIPTION } from "../../payments/stripe/subscription.ts";
import { failed, passed, type Check } from "./check.ts";
import { subscribeLine } from "./remedy.ts";

/** Is the endpoint sent every event that orders depend on? */
export function checkEvents(ours: EndpointFacts, apiBase: string): Check {
  const missing = missingEvents(ours.enabled_events);
  if (missing.length > 0)
    return failed(
      "events",
      `${ours.id} is not sent ${missing.join(", ")}; subscribe it:\n${subscribeLine(apiBase, ours.id, ours.enabled_events)}`,
    );
  return passed(
    "events",
    ours.enabled_events.includes("*") ? "all events are sent" : `all ${SUBSCRIPTION.length} that are needed`,
  );
}
