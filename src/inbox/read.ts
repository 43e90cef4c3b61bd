import { RECONCILIATION } from "../domain/reconciliation.ts";
import type { Headers, ReadEvent, WebhookSource, WebhookSources } from "../payments/webhook-source.ts";

/** An event as it arrived or as it is stored. */
interface Received {
  provider: string;
  body: Buffer;
  headers: Headers;
  /** Not sent to us but found in the provider's list of events. */
  recovered?: boolean;
}

/** Reads an event as its provider's source does. One that was recovered is told as what it is: found by looking. */
export function readEvent(
  sources: WebhookSources,
  { provider, body, headers, recovered }: Received,
): ReadEvent {
  const source = sources.get(provider);
  if (!source) {
    const reason = `webhooks of ${provider} are not configured here`;
    return { event_id: null, type: null, meaning: { kind: "incomprehensible", reason } };
  }
  const event = understood(source, { body, headers });
  const { meaning } = event;
  if (!recovered || meaning.kind !== "message" || !("source" in meaning.message)) return event;
  return { ...event, meaning: { ...meaning, message: { ...meaning.message, source: RECONCILIATION } } };
}

/** A source must not fail on anything authentic; one that does keeps the event for people to look at. */
function understood(source: WebhookSource, event: { body: Buffer; headers: Headers }): ReadEvent {
  try {
    return source.read(event);
  } catch (error) {
    const reason = `could not be read: ${error instanceof Error ? error.message : String(error)}`;
    return { event_id: null, type: null, meaning: { kind: "incomprehensible", reason } };
  }
}
