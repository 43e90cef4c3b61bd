import Router from "@koa/router";
import type { Context } from "koa";
import type { TrailFeed } from "../audit/feed.ts";
import { entriesOf, valuesOf, viewOf, type View } from "../audit/personal.ts";
import { verifyStored } from "../audit/verify-stored.ts";
import type { EntryPage, EntryTypes, TrailVerdict } from "../contract/answers/audit.ts";
import { publishedEntryTypes } from "../contract/audit-entries/index.ts";
import {
  getTrailHead,
  listEntries,
  readTrail,
  scanEntries,
  scanTrail,
  type IndexedEntry,
  type StoredEntry,
  type TrailHead,
} from "../db/audit-index.ts";
import type { Pool } from "../db/pool.ts";
import { boundTo } from "../db/tenant-scope.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { formatOf, sendExport, type ExportFormat } from "./audit-export.ts";
import {
  auditCursor,
  auditQuery,
  exportAcrossQuery,
  exportQuery,
  isOrderId,
  trailQuery,
} from "./audit-query.ts";
import { streamTrail } from "./audit-stream.ts";
import type { Authenticate } from "./auth.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

export interface AuditRoutesDeps {
  pool: Pool;
  feed: TrailFeed;
  /** Brings an archived trail back before it is read. */
  restore: (order: { tenant: string; id: string }) => Promise<void>;
  /** Asked again while somebody follows. */
  authenticate: Authenticate;
  log: Log;
}

type RouteContext = Context & { params: Record<string, string> };

/** The trail of an order, and of all: paged, exported, live and verified. */
export function auditRoutes({ pool, feed, restore, authenticate, log }: AuditRoutesDeps): Router {
  const trails = { pool, restore };
  return new Router()
    .get("/audit", async (ctx) => {
      const { tenant } = principal(ctx);
      const format = formatOf(ctx);
      if (format !== "page") return exportAcross(ctx, { pool, log }, tenant, format);
      const { limit, view, ...filter } = validate(auditQuery, { ...ctx.query }, "The query");
      const rows = await listEntries(pool, tenant, { ...filter, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const has_more = rows.length > limit;
      // Ids of one millisecond have no order of their own; within an order, seq has.
      ctx.body = {
        object: "list",
        ...shown(page.sort(newestFirst), view),
        has_more,
        next_cursor: has_more && last ? auditCursor(last) : null,
      } satisfies EntryPage;
    })
    .get("/audit/entry-types", (ctx) => {
      ctx.body = {
        object: "list",
        data: publishedEntryTypes(),
        has_more: false,
        next_cursor: null,
      } satisfies EntryTypes;
    })
    .get("/orders/:id/audit", async (ctx) => {
      const format = formatOf(ctx);
      const order = await trailOf(ctx, trails);
      if (format === "page") ctx.body = await page(ctx, pool, order);
      else exportTrail(ctx, { pool, log }, order, format);
    })
    .get("/orders/:id/audit/stream", async (ctx) => {
      streamTrail(ctx, { feed, authenticate, log }, await trailOf(ctx, trails));
    })
    .get("/orders/:id/audit/verify", async (ctx) => {
      const { tenant, id } = await trailOf(ctx, trails);
      ctx.body = (await verifyStored(pool, tenant, id)) satisfies TrailVerdict | null;
    });
}

interface Trail extends TrailHead {
  tenant: string;
  id: string;
}

/** The trail that the path names, if it is the caller's. */
async function trailOf(
  ctx: RouteContext,
  { pool, restore }: Pick<AuditRoutesDeps, "pool" | "restore">,
): Promise<Trail> {
  const { tenant } = principal(ctx);
  const id = ctx.params["id"] ?? "";
  const head = isOrderId(id) ? await getTrailHead(pool, tenant, id) : null;
  if (!head) throw new AppError("not_found", `There is no order ${id.slice(0, 64)}.`);
  if (head.away) await restore({ tenant, id });
  return { ...head, tenant, id };
}

/** The entries alone are what hashes cover: values stand beside the list, unless they are asked for otherwise. */
function shown(rows: StoredEntry[], view: View): Pick<EntryPage, "data" | "personal"> {
  const entries = entriesOf(rows);
  return {
    data: entries.map(({ entry, personal }) => viewOf(entry, personal, view)),
    personal: view === "sealed" ? valuesOf(entries) : {},
  };
}

async function page(ctx: RouteContext, pool: Pool, { tenant, id }: Trail): Promise<EntryPage> {
  const { limit, view, ...filter } = validate(trailQuery, { ...ctx.query }, "The query");
  const rows = await readTrail(pool, tenant, id, { ...filter, limit: limit + 1 });
  const first = rows.slice(0, limit);
  const has_more = rows.length > limit;
  return {
    object: "list",
    ...shown(first, view),
    has_more,
    next_cursor: has_more ? String(first.at(-1)?.seq) : null,
  };
}

/** All of it as it is now, as a file. The headers give its length and head, against which the file can be verified. */
function exportTrail(
  ctx: RouteContext,
  { pool, log }: { pool: Pool; log: Log },
  { tenant, id, entries, head_hash }: Trail,
  format: ExportFormat,
): void {
  const { view, ...filter } = validate(exportQuery, { ...ctx.query }, "The query");
  const batches = scanTrail(boundTo(pool, tenant), tenant, id, { ...filter, before: entries });
  ctx.set("Audit-Entries", String(entries));
  ctx.set("Audit-Head-Hash", head_hash);
  sendExport(ctx, batches, { name: id, format, view, log });
}

/** All that matches as it is now, newest first; what is written meanwhile is newer than where it begins. */
function exportAcross(
  ctx: Context,
  { pool, log }: { pool: Pool; log: Log },
  tenant: string,
  format: ExportFormat,
): void {
  const { view, ...filter } = validate(exportAcrossQuery, { ...ctx.query }, "The query");
  sendExport(ctx, scanEntries(boundTo(pool, tenant), tenant, filter), { name: "audit", format, view, log });
}

const newestFirst = (a: IndexedEntry, b: IndexedEntry): number =>
  b.at.getTime() - a.at.getTime() ||
  (a.order_id === b.order_id ? b.seq - a.seq : a.order_id < b.order_id ? 1 : -1);
