import Router from "@koa/router";
import type { Context } from "koa";
import { z } from "zod";
import type { InboundAnswer, ReplayAnswer, WholeInbound } from "../contract/answers/webhooks.ts";
import { listInboxQuery, readInboxQuery, replayInbox } from "../contract/inbox.ts";
import { cursorOf, listOf, paging } from "../contract/paging.ts";
import {
  getInbound,
  isVisible,
  listInbound,
  type InboundViewer,
  type InboundWebhook,
} from "../db/inbound-webhooks.ts";
import type { Pool } from "../db/pool.ts";
import { findEffects } from "../db/webhook-effects.ts";
import { masked } from "../domain/masked.ts";
import { AppError } from "../errors.ts";
import { countReplay, replayMany, replayOne } from "../inbox/replay.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { readJson } from "./body.ts";
import { principal, type Principal } from "./context.ts";
import { validate } from "./validate.ts";

const listQuery = z.strictObject({ ...listInboxQuery.shape, ...paging });

export interface InboxDeps {
  pool: Pool;
  /** What is replayed goes its own way to its order, as if it came now: that is the service's work, not the caller's. */
  replayPool: Pool;
  sources: WebhookSources;
  log: Log;
}

/** What was received from the provider. */
export const inboxRoutes = ({ pool, replayPool, sources, log }: InboxDeps): Router =>
  new Router()
    .get("/webhooks/inbox", async (ctx) => {
      const viewer = viewerOf(ctx);
      const { limit, cursor, ...filter } = validate(listQuery, { ...ctx.query }, "The query");
      const rows = await listInbound(pool, viewer, { ...filter, before: cursor, limit: limit + 1 });
      ctx.body = listOf(rows, limit, present);
    })
    .get("/webhooks/inbox/:id", async (ctx) => {
      const { raw } = validate(readInboxQuery, { ...ctx.query }, "The query");
      const caller = principal(ctx, raw === "true" ? "finance" : "viewer");
      const row = await inboundOf(ctx, pool);
      ctx.body = {
        ...present(row),
        headers: row.headers,
        ...bodyFor(caller, row.body),
        ...(raw === "true" ? { body_base64: row.body.toString("base64") } : {}),
        ...(await effectsOf(pool, row)),
      } satisfies WholeInbound;
    })
    .post("/webhooks/inbox/replay", async (ctx) => {
      principal(ctx, "admin");
      const { filter, dry_run, cursor } = validate(replayInbox, await readJson(ctx));
      const wanted = { viewer: viewerOf(ctx), filter, after: cursor };
      const { last, ...report } = dry_run
        ? await countReplay(pool, wanted)
        : await replayMany(replayPool, sources, wanted, log);
      ctx.body = { ...report, next_cursor: last && cursorOf(last) } satisfies ReplayAnswer;
    })
    .post("/webhooks/inbox/:id/replay", async (ctx) => {
      principal(ctx, "admin");
      const { id } = await inboundOf(ctx, pool);
      await replayOne(replayPool, sources, id, log);
      ctx.body = present(await inboundOf(ctx, pool));
    });

function viewerOf(ctx: Context): InboundViewer {
  const { tenant, role } = principal(ctx);
  return { tenant, admin: role === "admin" };
}

async function inboundOf(
  ctx: Context & { params: Record<string, string> },
  pool: Pool,
): Promise<InboundWebhook> {
  const id = ctx.params["id"] ?? "";
  const visible = /^whi_[0-9a-z]{26}$/.test(id) && (await isVisible(pool, viewerOf(ctx), id));
  const row = visible ? await getInbound(pool, id) : null;
  if (!row) throw new AppError("not_found", `There is no received webhook ${id.slice(0, 64)}.`);
  return row;
}

const present = (row: Omit<InboundWebhook, "headers" | "body" | "correlation">): InboundAnswer => ({
  id: row.id,
  object: "inbound_webhook",
  provider: row.provider,
  event_id: row.event_id,
  type: row.type,
  state: row.state,
  reason: row.reason,
  order_id: row.order_id,
  duplicates: row.duplicates,
  attempts: row.attempts,
  recovered: row.recovered,
  received_at: row.received_at.toISOString(),
});

/** Roles that see whom a payment is of; for the others it is masked. */
const SEES_PERSONS: ReadonlySet<string> = new Set(["finance", "admin"]);

/** The JSON that was sent; text when it is not JSON. */
function bodyFor({ role }: Principal, body: Buffer): { body: unknown; masked: boolean } {
  const text = body.toString("utf8");
  const shown = SEES_PERSONS.has(role);
  try {
    const json: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    const seen = shown ? json : masked(json, () => "•••");
    // What is nested too deep to be written is not JSON to anybody.
    JSON.stringify(seen);
    return { body: seen, masked: !shown };
  } catch {
    // What it is nobody knows, so neither what of it is personal.
    const size = `${body.length} bytes that are not JSON, shown to the roles finance and admin`;
    return { body: shown ? text : size, masked: !shown };
  }
}

/** The order that it is about, and the entries of its trail that name the event. */
async function effectsOf(pool: Pool, { order_id, event_id }: InboundWebhook) {
  if (order_id === null) return { order_url: null, entries: [] };
  const order_url = `/v1/orders/${order_id}`;
  const entries = (await findEffects(pool, order_id, event_id)).map(({ seq, id, type, at }) => ({
    ...{ seq, id, type, at: at.toISOString() },
    url: `${order_url}/audit?${seq > 0 ? `after_seq=${seq - 1}&` : ""}limit=1`,
  }));
  return { order_url, entries };
}
