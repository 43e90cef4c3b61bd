import Router from "@koa/router";
import type { ChangeAnswer } from "../contract/answers/changes.ts";
import type { Log } from "../log.ts";
import { admission } from "./admitted.ts";
import { flow, goneSignal } from "./audit-flow.ts";
import { heartbeats } from "./audit-heartbeat.ts";
import type { Authenticate } from "./auth.ts";
import type { ChangesFeed } from "./changes-feed.ts";
import { principal } from "./context.ts";

export interface ChangesDeps {
  feed: ChangesFeed;
  authenticate: Authenticate;
  log: Log;
}

const HEARTBEAT_MS = 15_000;
const RETRY_MS = 1_000;
/** Who has so many changes waiting is cut off; it comes back and reads everything anew. */
const MOST_WAITING = 2_000;

/**
 * `GET /v1/changes`: what of a tenant's has changed, as server-sent events. Nothing is sent again: who comes back reads anew
 * what it shows. A follower whose key or session has ended is let go within seconds.
 */
export const changesRoutes = ({ feed, authenticate, log }: ChangesDeps): Router =>
  new Router().get("/changes", (ctx) => {
    const { tenant, role } = principal(ctx);
    const gone = goneSignal(ctx);
    const signal = AbortSignal.any([gone, admission(authenticate, ctx.req, { tenant, role }, gone)]);
    ctx.set("Content-Type", "text/event-stream");
    ctx.set("Cache-Control", "no-store");
    ctx.set("X-Accel-Buffering", "no");
    flow(ctx, events(changesOf(feed, { tenant, admin: role === "admin" }, signal)), { signal, log });
  });

async function* events(changes: AsyncGenerator<ChangeAnswer>): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const change of heartbeats(changes, HEARTBEAT_MS))
    yield change === null ? ": heartbeat\n\n" : `event: change\ndata: ${JSON.stringify(change)}\n\n`;
}

/** Each change once while it waits, however often it happened. */
async function* changesOf(
  feed: ChangesFeed,
  who: { tenant: string; admin: boolean },
  signal: AbortSignal,
): AsyncGenerator<ChangeAnswer> {
  const waiting = new Map<string, ChangeAnswer>();
  let ended = false;
  let wake = () => {};
  const end = () => {
    ended = true;
    wake();
  };
  const off = feed.follow({
    ...who,
    tell(changes) {
      for (const change of changes) waiting.set(change.id, change);
      if (waiting.size > MOST_WAITING) ended = true;
      wake();
    },
    end,
  });
  signal.addEventListener("abort", end, { once: true });
  try {
    while (!ended) {
      for (const [id, change] of waiting) {
        waiting.delete(id);
        yield change;
      }
      if (waiting.size === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    off();
  }
}
