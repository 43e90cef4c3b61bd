import Router from "@koa/router";
import type { Context } from "koa";
import type { TrailFeed } from "../audit/feed.ts";
import { entriesOf, viewOf } from "../audit/personal.ts";
import { verifyStored } from "../audit/verify-stored.ts";
import type { TimelineLink } from "../contract/answers/orders.ts";
import { createTimelineLink } from "../contract/audit-timeline.ts";
import { getTrailHead, readTrail } from "../db/audit-index.ts";
import { findSourceWebhook, getTenantOf } from "../db/audit-sources.ts";
import { getOrder, type OrderRow } from "../db/orders.ts";
import type { Pool } from "../db/pool.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import { readTimelineToken, timelineToken, type TimelineGrant } from "../domain/audit-timeline-token.ts";
import type { LinkSecret } from "../domain/approval-token.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { parseEntry } from "../audit/entry.ts";
import { flow, goneSignal } from "./audit-flow.ts";
import { heartbeats } from "./audit-heartbeat.ts";
import { isOrderId } from "./audit-query.ts";
import { followAs } from "./audit-stream.ts";
import { readJson } from "./body.ts";
import { principal } from "./context.ts";
import { TIMELINE_SCRIPT } from "./pages/timeline-script.ts";
import { TIMELINE_HEADERS } from "./pages/timeline-style.ts";
import {
  noTimelinePage,
  sourcePage,
  timelineItem,
  timelinePage,
  timelineSummary,
  type TimelineItem,
  type TimelineLinks,
  type TimelineSummary,
} from "./pages/timeline.ts";
import { validate } from "./validate.ts";

export interface TimelineDeps {
  pool: Pool;
  feed: TrailFeed;
  /** Brings an archived trail back before it is read. */
  restore: (order: { tenant: string; id: string }) => Promise<void>;
  /** The first signs links, all verify. */
  secrets: readonly LinkSecret[];
  publicUrl: string;
  /** Whether there is a development mailbox to link to. */
  mailbox: boolean;
  log: Log;
}

type RouteContext = Context & { params: Record<string, string> };

/** The newest entries that one page shows, and the longest trail that is verified for one. */
const SHOWN = 300;
const VERIFIED = 5_000;
const HEARTBEAT_MS = 15_000;

/** Makes a link to an order's timeline: a browser opens it without an API key. */
export const timelineLinkRoutes = ({ pool, secrets, publicUrl }: TimelineDeps): Router =>
  new Router().post("/orders/:id/timeline-link", async (ctx: RouteContext) => {
    const { tenant, role } = principal(ctx);
    const { expires_in } = validate(createTimelineLink, ctx.request.length ? await readJson(ctx) : {});
    const id = ctx.params["id"] ?? "";
    if (!isOrderId(id) || !(await getTrailHead(pool, tenant, id)))
      throw new AppError("not_found", `There is no order ${id.slice(0, 64)}.`);
    const [secret] = secrets;
    if (!secret) throw new AppError("conflict", "LINK_SECRETS: there is no secret to sign the link with.");
    const expires = Math.ceil(Date.now() / 1000) + expires_in;
    const token = timelineToken(secret, { order_id: id, expires, sources: role !== "viewer" });
    ctx.status = 201;
    ctx.body = {
      object: "timeline_link",
      order_id: id,
      url: `${publicUrl}/orders/${id}?t=${token}`,
      expires_at: new Date(expires * 1000).toISOString(),
    } satisfies TimelineLink;
  });

interface Opened {
  grant: TimelineGrant;
  tenant: string;
  id: string;
  token: string;
}

/** The page that such a link opens, its script, and what keeps it live. */
export function timelineRoutes(deps: TimelineDeps): Router {
  const { pool, feed, log } = deps;
  return new Router()
    .get("/assets/timeline.js", (ctx) => {
      ctx.set("Content-Type", "text/javascript; charset=utf-8");
      ctx.set("Cache-Control", "no-cache");
      ctx.body = TIMELINE_SCRIPT;
    })
    .get("/orders/:id", async (ctx: RouteContext) => {
      const opened = await open(ctx, deps);
      const order = opened && (await getOrder(pool, opened.tenant, opened.id));
      if (!opened || !order) return;
      const now = new Date();
      const summary = await summaryOf(pool, order);
      ctx.body =
        ctx.query["part"] === "summary"
          ? timelineSummary(summary, now).text
          : await page(ctx, deps, opened, order, summary, now);
    })
    .get("/orders/:id/timeline/stream", async (ctx: RouteContext) => {
      const opened = await open(ctx, deps);
      if (!opened) return;
      const { after } = followAs({ after_seq: ctx.query["after_seq"] }, ctx.get("last-event-id"));
      // A page that stays open ends with its link.
      const ends = AbortSignal.timeout(Math.max(1, opened.grant.expires * 1000 - Date.now()));
      const signal = AbortSignal.any([goneSignal(ctx), ends]);
      ctx.set("Content-Type", "text/event-stream");
      ctx.set("X-Accel-Buffering", "no");
      flow(ctx, events(deps, opened, feed, after, signal), { signal, log });
    })
    .get("/orders/:id/timeline/webhook/:event", async (ctx: RouteContext) => {
      const opened = await open(ctx, deps);
      if (!opened) return;
      const found = opened.grant.sources
        ? await findSourceWebhook(pool, opened.id, ctx.params["event"] ?? "")
        : null;
      if (!found) {
        ctx.status = 404;
        ctx.body = noTimelinePage(
          "Not here",
          "There is no such webhook of this order, or this link does not show it.",
        );
        return;
      }
      ctx.body = sourcePage({
        ...found,
        received_at: found.received_at.toISOString(),
        body: laidOut(found.body.toString("utf8")),
        back: `/orders/${opened.id}?t=${opened.token}`,
      });
    });
}

/** What the link opens; otherwise the page says why it opens nothing. */
async function open(ctx: RouteContext, { pool, secrets, restore }: TimelineDeps): Promise<Opened | null> {
  ctx.set(TIMELINE_HEADERS);
  const id = ctx.params["id"] ?? "";
  const token = typeof ctx.query["t"] === "string" ? ctx.query["t"] : "";
  const grant = isOrderId(id) ? readTimelineToken(secrets, id, token, new Date()) : null;
  const tenant = grant === null || grant === "expired" ? null : await getTenantOf(pool, id);
  if (grant !== null && grant !== "expired" && tenant !== null) {
    const head = await getTrailHead(pool, tenant, id);
    if (head?.away) await restore({ tenant, id });
    return { grant, tenant, id, token };
  }
  ctx.status = grant === "expired" ? 410 : 404;
  ctx.body =
    grant === "expired"
      ? noTimelinePage("This link has expired", "Whoever sent it to you can make a new one.")
      : noTimelinePage("This link leads nowhere", "It may have been cut off. Copy all of the address.");
  return null;
}

async function summaryOf(pool: Pool, { id, tenant, state, entries }: OrderRow): Promise<TimelineSummary> {
  const { facts, status, ended_at } = state;
  return {
    reference: facts.reference,
    amount: facts.amount,
    currency: facts.currency,
    status,
    ended: ended_at !== null,
    customer: facts.customer.name ?? facts.customer.email,
    created_at: facts.created_at,
    entries,
    verdict: entries <= VERIFIED ? await verifyStored(pool, tenant, id) : null,
  };
}

async function page(
  ctx: RouteContext,
  deps: TimelineDeps,
  opened: Opened,
  order: OrderRow,
  summary: TimelineSummary,
  now: Date,
): Promise<string> {
  const asked = Number(ctx.query["before"] ?? order.entries);
  const before = Number.isInteger(asked) && asked > 0 && asked <= order.entries ? asked : order.entries;
  const from = Math.max(0, before - SHOWN);
  const items = await itemsOf(deps.pool, opened, from, before);
  return timelinePage({
    ...{ order_id: opened.id, summary, items, now, links: linksOf(deps, opened) },
    older: from > 0 ? `/orders/${opened.id}?t=${opened.token}&before=${from}` : null,
    expires_at: new Date(opened.grant.expires * 1000).toISOString(),
  });
}

/** Entries `from` and up to `before`, each with the time of the one before it. */
async function itemsOf(
  pool: Pool,
  { tenant, id }: Opened,
  from: number,
  before: number,
): Promise<TimelineItem[]> {
  const rows = await readTrail(pool, tenant, id, { after: from - 2, before, limit: before - from + 1 });
  let previous: string | null = null;
  return entriesOf(rows).flatMap(({ entry, personal }) => {
    const item = { entry: viewOf(entry, personal, "readable"), before: previous };
    previous = entry.at;
    return entry.seq < from ? [] : [item];
  });
}

const linksOf = ({ mailbox }: TimelineDeps, { id, grant, token }: Opened): TimelineLinks => ({
  webhook: (event) =>
    grant.sources ? `/orders/${id}/timeline/webhook/${encodeURIComponent(event)}?t=${token}` : null,
  mail: (to) => (mailbox ? `/dev/mailbox?to=${encodeURIComponent(to)}` : null),
});

async function* events(
  deps: TimelineDeps,
  opened: Opened,
  feed: TrailFeed,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield "retry: 1000\n\n";
  const links = linksOf(deps, opened);
  let before: string | null =
    (await itemsOf(deps.pool, opened, Math.max(after, 0), after + 1)).at(-1)?.entry.at ?? null;
  const { tenant, id } = opened;
  for await (const event of heartbeats(feed.follow(tenant, id, { after, signal }), HEARTBEAT_MS)) {
    if (event === null) yield ": heartbeat\n\n";
    else if (event.type === "entry") {
      const sealed = parseEntry(event.text);
      if (!sealed) continue;
      const entry: AuditEntry = viewOf(sealed, event.personal, "readable");
      const item = timelineItem({ entry, before }, links, new Date()).text;
      before = entry.at;
      yield `id: ${event.seq}\nevent: entry\ndata: ${JSON.stringify({ seq: event.seq, item })}\n\n`;
    } else if (event.type === "end") yield "event: end\ndata: {}\n\n";
    else yield `id: ${event.after < 0 ? "" : event.after}\nevent: resync\ndata: {}\n\n`;
  }
}

function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
