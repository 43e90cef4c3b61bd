import { z } from "zod";
import { line } from "./text.ts";

const time = z.iso.datetime({ offset: true, error: "must be an RFC 3339 time such as 2026-01-31T00:00:00Z" });

export const INBOUND_STATES = ["routed", "parked", "ignored", "quarantined", "failed"] as const;

/** `GET /v1/webhooks/inbox` */
export const listInboxQuery = z.strictObject({
  state: z.enum(INBOUND_STATES, `must be one of ${INBOUND_STATES.join(", ")}`).optional(),
  provider: line(50).optional(),
});

/** `POST /v1/webhooks/inbox/replay` */
export const replayInbox = z.strictObject({
  filter: z
    .strictObject({
      state: z.enum(INBOUND_STATES, `must be one of ${INBOUND_STATES.join(", ")}`).optional(),
      type: line(255).optional(),
      order_id: line(100).optional(),
      received_after: time.optional(),
      received_before: time.optional(),
    })
    .refine((filter) => Object.keys(filter).length > 0, "must name at least one field, such as state"),
  dry_run: z.boolean("must be true or false").default(false),
});
