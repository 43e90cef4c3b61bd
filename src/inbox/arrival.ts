import { createHash } from "node:crypto";
import type { NewInboundWebhook, StoredInbound } from "../db/inbound-webhooks.ts";
import type { Traceparent } from "../observe/trace.ts";
import type { Correlation } from "../payments/provider.ts";
import type { ReadEvent } from "../payments/webhook-source.ts";
import { mentioned } from "./erased.ts";

/** An event of a webhook whose signature was found good. */
export interface Arrival {
  /** The name of its source. */
  provider: string;
  body: Buffer;
  headers: Record<string, string>;
  received_at: Date;
  /** Not sent to us but found in the provider's list of events. */
  recovered?: boolean;
}

export interface Accepted {
  id: string;
  event_id: string;
  /** Which order it was found to be about. */
  order_id: string | null;
  state: NewInboundWebhook["state"];
  /** False for an event that was stored before: then nothing else happened. */
  fresh: boolean;
}

export interface Read {
  arrival: Arrival;
  event: ReadEvent;
  /** Where traces are on: the request that brought it. */
  trace?: Traceparent | undefined;
}

/** An event that does not even have an id is known by its bytes. */
export const eventId = ({ event, arrival }: Read): string =>
  event.event_id ?? `unreadable_${createHash("sha256").update(arrival.body).digest("hex").slice(0, 32)}`;

/** What it calls its order; what it mentions, where orders do not depend on it. */
export const namesIn = ({ event, arrival }: Read): Correlation =>
  event.meaning.kind === "message" ? event.meaning.correlation : mentioned(arrival.body);

/** By provider and event, what was stored. */
export const byEvent = (stored: StoredInbound[]): Map<string, StoredInbound> =>
  new Map(stored.map((one) => [`${one.provider} ${one.event_id}`, one]));
