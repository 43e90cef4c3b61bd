import type { Context } from "koa";
import type { FeedEvent, TrailFeed } from "../audit/feed.ts";
import { viewText, type View } from "../audit/personal.ts";
import type { Log } from "../log.ts";
import { admission } from "./admitted.ts";
import { flow, goneSignal } from "./audit-flow.ts";
import { lastEventId, streamQuery } from "./audit-query.ts";
import { heartbeats } from "./audit-heartbeat.ts";
import type { Authenticate } from "./auth.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

/** A connection on which nothing happens is kept open by proxies as long as something is sent. */
const HEARTBEAT_MS = 15_000;
/** How long a client waits before it comes back. */
const RETRY_MS = 1_000;

/** Where to go on: what the client says it has, or what the address says; and how entries are shown. */
export function followAs(query: Record<string, unknown>, header: string): { after: number; view: View } {
  const { after_seq, view } = validate(streamQuery, query, "The query");
  const after =
    header === ""
      ? after_seq
      : validate(lastEventId, { "Last-Event-ID": header }, "The header")["Last-Event-ID"];
  return { after, view };
}

/** The trail, for as long as the follower may read it, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export function streamTrail(
  ctx: Context,
  { feed, authenticate, log }: { feed: TrailFeed; authenticate: Authenticate; log: Log },
  { tenant, id }: { tenant: string; id: string },
): void {
  const { after, view } = followAs({ ...ctx.query }, ctx.get("last-event-id"));
  const gone = goneSignal(ctx);
  const signal = AbortSignal.any([gone, admission(authenticate, ctx.req, principal(ctx), gone)]);
  ctx.set("Content-Type", "text/event-stream");
  ctx.set("Cache-Control", "no-store");
  ctx.set("X-Accel-Buffering", "no");
  flow(ctx, events(feed.follow(tenant, id, { after, signal }), view), { signal, log });
}

async function* events(feed: AsyncGenerator<FeedEvent>, view: View): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const event of heartbeats(feed, HEARTBEAT_MS))
    yield event === null ? ": heartbeat\n\n" : eventText(event, view);
}

function eventText(event: FeedEvent, view: View): string {
  switch (event.type) {
    case "entry":
      return `id: ${event.seq}\nevent: audit\ndata: ${viewText(event, view).replace(/\r\n?|\n/g, "\ndata: ")}\n\n`;
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
