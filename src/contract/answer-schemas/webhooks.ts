import { z } from "zod";
import type {
  DeliveryAnswer,
  EndpointAnswer,
  EndpointWithSecret,
  InboundAnswer,
  ReplayAnswer,
  WholeDelivery,
  WholeInbound,
} from "../answers/webhooks.ts";
import { INBOUND_STATES } from "../inbox.ts";
import { idOf, listOf, time } from "./fields.ts";

const endpointFields = {
  id: idOf("whe"),
  object: z.literal("webhook_endpoint"),
  url: z.string(),
  event_types: z.array(z.string()),
  description: z.string().nullable(),
  enabled: z.boolean(),
  disabled_reason: z.string().nullable(),
  disabled_at: time.nullable(),
  failing_since: time.nullable(),
  previous_secret_until: time.nullable(),
  created_by: z.string(),
  created_at: time,
  updated_at: time,
};

export const endpoint = z
  .object(endpointFields)
  .meta({ id: "WebhookEndpoint" }) satisfies z.ZodType<EndpointAnswer>;

export const endpointWithSecret = z
  .object({ ...endpointFields, secret: z.string() })
  .meta({ id: "WebhookEndpointWithSecret" }) satisfies z.ZodType<EndpointWithSecret>;

export const endpoints = listOf(endpoint, "WebhookEndpointList");

const deliveryTry = z.object({
  at: time,
  duration_ms: z.number(),
  status: z.int().nullable(),
  error: z.string().nullable(),
  response: z.string().nullable(),
});

const deliveryFields = {
  id: idOf("whd"),
  object: z.literal("webhook_delivery"),
  endpoint_id: idOf("whe"),
  event_id: z.string(),
  event_type: z.string(),
  state: z.enum(["pending", "delivered", "failed"]),
  attempts: z.int(),
  next_try_at: time.nullable(),
  last_try: deliveryTry.nullable(),
  created_at: time,
  ended_at: time.nullable(),
};

export const deliveries = listOf(
  z.object(deliveryFields).meta({ id: "WebhookDelivery" }) satisfies z.ZodType<DeliveryAnswer>,
  "WebhookDeliveryList",
);

export const wholeDelivery = z
  .object({
    ...deliveryFields,
    payload: z.unknown().describe("As it is posted."),
    tries: z.array(deliveryTry),
  })
  .meta({ id: "WebhookDeliveryWithTries" }) satisfies z.ZodType<WholeDelivery>;

export const eventTypes = listOf(
  z.object({
    type: z.string(),
    description: z.string(),
    version: z.literal(1),
    schema: z.record(z.string(), z.unknown()).describe("A JSON Schema of its bodies."),
  }),
  "EventTypeList",
);

const inboundFields = {
  id: idOf("whi"),
  object: z.literal("inbound_webhook"),
  provider: z.string(),
  event_id: z.string(),
  type: z.string(),
  state: z.enum(INBOUND_STATES),
  reason: z.string().nullable(),
  order_id: idOf("ord").nullable(),
  duplicates: z.int(),
  attempts: z.int(),
  recovered: z.boolean(),
  received_at: time,
};

export const inbound = z
  .object(inboundFields)
  .meta({ id: "InboundWebhook" }) satisfies z.ZodType<InboundAnswer>;

export const inbox = listOf(inbound, "InboundWebhookList");

export const wholeInbound = z
  .object({
    ...inboundFields,
    headers: z.record(z.string(), z.string()),
    body: z.unknown(),
    masked: z.boolean(),
    body_base64: z.string().exactOptional(),
    order_url: z.string().nullable(),
    entries: z.array(
      z.object({ seq: z.int(), id: idOf("aud"), type: z.string(), at: time, url: z.string() }),
    ),
  })
  .meta({ id: "InboundWebhookWithBody" }) satisfies z.ZodType<WholeInbound>;

export const replay = z
  .object({
    object: z.literal("replay"),
    dry_run: z.boolean(),
    matched: z.int(),
    replayed: z.int(),
    has_more: z.boolean(),
    states: z.record(z.string(), z.int()),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: "Replay" }) satisfies z.ZodType<ReplayAnswer>;
