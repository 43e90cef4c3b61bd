import type { Interpreted } from "./provider.ts";

/** What an event is called and what it means. `event_id` and `type` are null when not even those can be read. */
export interface ReadEvent {
  event_id: string | null;
  type: string | null;
  meaning: Interpreted;
  /** What it tells, where two events may tell one change; absent: an event is a change of its own. */
  change?: Change | null;
}

/** Two events with the same key, told at about the same time, are one change told twice. */
export interface Change {
  key: string;
  told_at: Date;
}

/** Header values by name in lower case. */
export type Headers = Readonly<Record<string, string>>;

/** Whether a request is authentic, and the events in it: most providers send one at a time, some several. */
export type Reception = { valid: true; events: Buffer[] } | { valid: false; reason: string };

/** The webhooks of one provider: how they prove themselves and how they read. Pure; storing and routing is the inbox's. */
export interface WebhookSource {
  /** Its path is `/webhooks/NAME`, and the inbox files its events under this name. */
  readonly name: string;
  /** Request headers worth keeping with the event, in lower case. */
  readonly keptHeaders: readonly string[];
  /** What the provider is answered once all events of a request are stored and routed. */
  readonly answer: { readonly status: 200 | 202 | 204; readonly body?: string };
  /** Checks a request over the raw bytes of its body. */
  receive(request: { body: Buffer; headers: Headers; now: Date }): Reception;
  /** Reads one event, fresh or stored, with the headers that were kept; those of a recovered event are empty. */
  read(event: { body: Buffer; headers: Headers }): ReadEvent;
}

/** The sources that are configured, by name. */
export type WebhookSources = ReadonlyMap<string, WebhookSource>;

export const sourcesByName = (...sources: WebhookSource[]): WebhookSources =>
  new Map(sources.map((source) => [source.name, source]));
