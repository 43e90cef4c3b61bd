import { z } from "zod";
import { FILTERS } from "./events/catalogue.ts";
import { line, text } from "./text.ts";

const DAY_S = 86_400;

const known = new Set(FILTERS);

const eventTypes = z
  .array(
    z.string().refine((filter) => known.has(filter), {
      error: "must be *, such as order.*, or a type that GET /v1/event-types lists",
    }),
  )
  .min(1, "must have at least one entry; * takes every event")
  .max(50, "must have at most 50 entries");

const url = line(2000);
const description = text(500).nullable();
const enabled = z.boolean("must be true or false");

/** `POST /v1/webhook-endpoints` */
export const createEndpoint = z.strictObject({
  url,
  event_types: eventTypes.default(["*"]),
  description: description.default(null),
  enabled: enabled.default(true),
});

/** `PATCH /v1/webhook-endpoints/:id` */
export const changeEndpoint = z
  .strictObject({
    url: url.optional(),
    event_types: eventTypes.optional(),
    description: description.optional(),
    enabled: enabled.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, {
    error: "must name at least one field, such as enabled",
    when: ({ issues }) => issues.length === 0,
  });

/** `POST /v1/webhook-endpoints/:id/rotate-secret` */
export const rotateEndpointSecret = z.strictObject({
  expires_in: z
    .int("must be an integer, in seconds")
    .min(0, "must be at least 0 seconds")
    .max(7 * DAY_S, "must be at most 7 days, in seconds")
    .default(DAY_S),
});

/** `GET /v1/webhook-endpoints/:id/deliveries` */
export const listDeliveriesQuery = z.strictObject({
  state: z.enum(["pending", "delivered", "failed"], "must be one of pending, delivered, failed").optional(),
  event_type: line(100).optional(),
});
