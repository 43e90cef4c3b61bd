import { z } from "zod";
import { PING } from "../../domain/delivery.ts";
import { about, eventOf } from "./envelope.ts";

export const PING_EVENTS: Record<string, string> = {
  [PING]:
    "Somebody wants to see whether webhooks arrive. It is sent whatever the filter says, and once only.",
};

export const pingEvent = eventOf(z.literal(PING), z.object(about("webhook_endpoint", "whe")));
