import { z } from "zod";
import { line } from "./text.ts";

export const INBOUND_STATES = ["routed", "parked", "ignored", "quarantined", "failed"] as const;

/** `GET /v1/webhooks/inbox` */
export const listInboxQuery = z.strictObject({
  state: z.enum(INBOUND_STATES, `must be one of ${INBOUND_STATES.join(", ")}`).optional(),
  provider: line(50).optional(),
});
