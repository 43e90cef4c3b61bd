import { RECONCILIATION } from "../domain/reconciliation.ts";
import type { Headers, ReadEvent, WebhookSources } from "../payments/webhook-source.ts";

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
  const event = source.read({ body, headers });
  const { meaning } = event;
  if (!recovered || meaning.kind !== "message" || !("source" in meaning.message)) return event;
  return { ...event, meaning: { ...meaning, message: { ...meaning.message, source: RECONCILIATION } } };
}
