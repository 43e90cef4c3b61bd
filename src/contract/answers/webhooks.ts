/** Where events are posted to. */
export interface EndpointAnswer {
  id: string;
  object: "webhook_endpoint";
  url: string;
  event_types: string[];
  description: string | null;
  enabled: boolean;
  disabled_reason: string | null;
  disabled_at: string | null;
  failing_since: string | null;
  previous_secret_until: string | null;
  created_by: string;
  created_at: string;
  updated_at: string;
}

/** With its new secret, which is shown this once. */
export interface EndpointWithSecret extends EndpointAnswer {
  secret: string;
}

/** One try to deliver. */
export interface DeliveryTryAnswer {
  at: string;
  duration_ms: number;
  /** Of the answer; null when there was none. */
  status: number | null;
  error: string | null;
  /** The beginning of the answer's text. */
  response: string | null;
}

/** One event on its way to one endpoint. */
export interface DeliveryAnswer {
  id: string;
  object: "webhook_delivery";
  endpoint_id: string;
  event_id: string;
  event_type: string;
  state: "pending" | "delivered" | "failed";
  attempts: number;
  next_try_at: string | null;
  last_try: DeliveryTryAnswer | null;
  created_at: string;
  ended_at: string | null;
}

/** The same, read alone. */
export interface WholeDelivery extends DeliveryAnswer {
  /** As it is posted. */
  payload: unknown;
  tries: DeliveryTryAnswer[];
}

/** A webhook that was received from a provider. */
export interface InboundAnswer {
  id: string;
  object: "inbound_webhook";
  provider: string;
  event_id: string;
  type: string;
  state: "routed" | "parked" | "ignored" | "quarantined" | "failed";
  reason: string | null;
  order_id: string | null;
  duplicates: number;
  attempts: number;
  recovered: boolean;
  received_at: string;
}

/** The same, read alone: with what it did. */
export interface WholeInbound extends InboundAnswer {
  headers: Record<string, string>;
  body: unknown;
  /** Whether what is personal in `body` is hidden from the key's role. */
  masked: boolean;
  /** With `raw`: the bytes as they came. */
  body_base64?: string;
  order_url: string | null;
  entries: { seq: number; id: string; type: string; at: string; url: string }[];
}

/** What one call replayed, or in a dry run would. */
export interface ReplayAnswer {
  object: "replay";
  dry_run: boolean;
  matched: number;
  replayed: number;
  has_more: boolean;
  /** How many ended in which state. */
  states: Record<string, number>;
  next_cursor: string | null;
}
