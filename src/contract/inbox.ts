import { z } from "zod";
import { paging } from "./paging.ts";
import { line } from "./text.ts";

const time = z.iso.datetime({ offset: true, error: "must be an RFC 3339 time such as 2026-01-31T00:00:00Z" });

export const INBOUND_STATES = ["routed", "parked", "ignored", "quarantined", "failed"] as const;

/** Which received webhooks: all fields that are given have to fit. */
const filter = {
  state: z.enum(INBOUND_STATES, `must be one of ${INBOUND_STATES.join(", ")}`).optional(),
  provider: line(50).optional(),
  type: line(255).optional(),
  order_id: line(100).optional(),
  event_id: line(255).optional(),
  received_after: time.optional(),
  received_before: time.optional(),
};

/** `GET /v1/webhooks/inbox` */
export const listInboxQuery = z.strictObject(filter);

/** `GET /v1/webhooks/inbox/:id` */
export const readInboxQuery = z.strictObject({
  raw: z.enum(["true", "false"], "must be true or false").default("false"),
});

/** `POST /v1/webhooks/inbox/replay` */
export const replayInbox = z.strictObject({
  filter: z
    .strictObject(filter)
    .refine((given) => Object.keys(given).length > 0, "must name at least one field, such as state"),
  dry_run: z.boolean("must be true or false").default(false),
  cursor: paging.cursor,
});
