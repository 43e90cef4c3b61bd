import type { Context } from "koa";
import type { FeedEvent, TrailFeed } from "../audit/feed.ts";
import type { Log } from "../log.ts";
import { flow, goneSignal } from "./audit-flow.ts";
import { lastEventId, streamQuery } from "./audit-query.ts";
import { heartbeats } from "./audit-heartbeat.ts";
import { validate } from "./validate.ts";

/** A connection on which nothing happens is kept open by proxies as long as something is sent. */
const HEARTBEAT_MS = 15_000;
/** How long a client waits before it comes back. */
const RETRY_MS = 1_000;

/** Where to go on: what the client says it has, or what the address says. */
export function resumeAfter(query: Record<string, unknown>, header: string): number {
  const { after_seq } = validate(streamQuery, query, "The query");
  return header === ""
    ? after_seq
    : validate(lastEventId, { "Last-Event-ID": header }, "The header")["Last-Event-ID"];
}

/** The trail as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export function streamTrail(
  ctx: Context,
  { feed, log }: { feed: TrailFeed; log: Log },
  { tenant, id }: { tenant: string; id: string },
): void {
  const after = resumeAfter({ ...ctx.query }, ctx.get("last-event-id"));
  const signal = goneSignal(ctx);
  ctx.set("Content-Type", "text/event-stream");
  ctx.set("Cache-Control", "no-store");
  ctx.set("X-Accel-Buffering", "no");
  flow(ctx, events(feed.follow(tenant, id, { after, signal })), { signal, log });
}

async function* events(feed: AsyncGenerator<FeedEvent>): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const event of heartbeats(feed, HEARTBEAT_MS))
    yield event === null ? ": heartbeat\n\n" : eventText(event);
}

function eventText(event: FeedEvent): string {
  switch (event.type) {
    case "entry":
      return `id: ${event.seq}\nevent: audit\ndata: ${event.text.replace(/\r\n?|\n/g, "\ndata: ")}\n\n`;
    case "end":
      return `event: end\ndata: ${JSON.stringify({ after_seq: event.after })}\n\n`;
    case "resync":
      // The id replaces the one that the client would come back with; an empty one means none.
      return `id: ${event.after < 0 ? "" : event.after}\nevent: resync\ndata: ${JSON.stringify({
        after_seq: event.after,
        reason: event.reason,
      })}\n\n`;
  }
}
