import Router from "@koa/router";
import type { Context } from "koa";
import { CSV_HEADER, csvLine } from "../audit/csv.ts";
import { parseEntry } from "../audit/entry.ts";
import type { TrailFeed } from "../audit/feed.ts";
import { valuesOf, viewOf, viewText, type View } from "../audit/personal.ts";
import { verifyStored } from "../audit/verify-stored.ts";
import { publishedEntryTypes } from "../contract/audit-entries/index.ts";
import type { List } from "../contract/paging.ts";
import {
  getTrailHead,
  listEntries,
  readTrail,
  scanTrail,
  type IndexedEntry,
  type StoredEntry,
  type TrailHead,
} from "../db/audit-index.ts";
import type { Pool } from "../db/pool.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import type { PersonalValue } from "../domain/personal.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { flow, goneSignal } from "./audit-flow.ts";
import { auditCursor, auditQuery, exportQuery, isOrderId, trailQuery } from "./audit-query.ts";
import { streamTrail } from "./audit-stream.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

export interface AuditRoutesDeps {
  pool: Pool;
  feed: TrailFeed;
  /** Brings an archived trail back before it is read. */
  restore: (order: { tenant: string; id: string }) => Promise<void>;
  log: Log;
}

type RouteContext = Context & { params: Record<string, string> };

const JSON_TYPE = "application/json";
const NDJSON = "application/x-ndjson";
const CSV = "text/csv";

/** The trail of an order, and of all: paged, exported, live and verified. */
export function auditRoutes({ pool, feed, restore, log }: AuditRoutesDeps): Router {
  const trails = { pool, restore };
  return new Router()
    .get("/audit", async (ctx) => {
      const { tenant } = principal(ctx);
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
      ctx.body = { object: "list", data: publishedEntryTypes(), has_more: false, next_cursor: null };
    })
    .get("/orders/:id/audit", async (ctx) => {
      const type = ctx.accepts(JSON_TYPE, NDJSON, CSV);
      if (!type) throw new AppError("not_acceptable", `Accept ${JSON_TYPE}, ${NDJSON} or ${CSV}.`);
      const order = await trailOf(ctx, trails);
      ctx.vary("Accept");
      if (type === JSON_TYPE) ctx.body = await page(ctx, pool, order);
      else exportTrail(ctx, { pool, log }, order, type);
    })
    .get("/orders/:id/audit/stream", async (ctx) => {
      streamTrail(ctx, { feed, log }, await trailOf(ctx, trails));
    })
    .get("/orders/:id/audit/verify", async (ctx) => {
      const { tenant, id } = await trailOf(ctx, trails);
      ctx.body = await verifyStored(pool, tenant, id);
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

/** `personal`: of sealed entries, by id and JSON Pointer, the values that stand in place of commitments; null: erased. */
interface EntryPage extends List<AuditEntry> {
  personal: Record<string, Record<string, string | null>>;
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
  type: string,
): void {
  const { view, ...filter } = validate(exportQuery, { ...ctx.query }, "The query");
  const batches = scanTrail(pool, tenant, id, { ...filter, before: entries });
  ctx.set("Audit-Entries", String(entries));
  ctx.set("Audit-Head-Hash", head_hash);
  ctx.attachment(`${id}.${type === CSV ? "csv" : "ndjson"}`);
  ctx.set("Content-Type", type === CSV ? `${CSV}; charset=utf-8; header=present` : NDJSON);
  flow(ctx, type === CSV ? csv(batches) : ndjson(batches, view), { signal: goneSignal(ctx), log });
}

async function* ndjson(batches: AsyncIterable<StoredEntry[]>, view: View): AsyncGenerator<string> {
  for await (const batch of batches)
    yield batch
      .map(({ text, personal }) => (text === null ? "" : `${viewText({ text, personal }, view)}\n`))
      .join("");
}

/** For people: always readable. */
async function* csv(batches: AsyncIterable<StoredEntry[]>): AsyncGenerator<string> {
  yield CSV_HEADER;
  for await (const batch of batches) {
    const entries = entriesOf(batch).map(({ entry, personal }) => viewOf(entry, personal, "readable"));
    yield entries.map(csvLine).join("");
  }
}

/** What is gone from the streams or cannot be read is left out here, and named by `verify`. */
const entriesOf = (rows: StoredEntry[]): { entry: AuditEntry; personal: PersonalValue[] }[] =>
  rows.flatMap(({ text, personal }) => {
    const entry = text === null ? null : parseEntry(text);
    return entry ? [{ entry, personal }] : [];
  });

const newestFirst = (a: IndexedEntry, b: IndexedEntry): number =>
  b.at.getTime() - a.at.getTime() ||
  (a.order_id === b.order_id ? b.seq - a.seq : a.order_id < b.order_id ? 1 : -1);
