import Router from "@koa/router";
import type { Context } from "koa";
import { z } from "zod";
import { listInboxQuery, replayInbox } from "../contract/inbox.ts";
import { listOf, paging } from "../contract/paging.ts";
import {
  getInbound,
  isVisible,
  listInbound,
  type InboundViewer,
  type InboundWebhook,
} from "../db/inbound-webhooks.ts";
import type { Pool } from "../db/pool.ts";
import { AppError } from "../errors.ts";
import { replayMany, replayOne } from "../inbox/replay.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { readJson } from "./body.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

const listQuery = z.strictObject({ ...listInboxQuery.shape, ...paging });

/** What was received from the provider. */
export const inboxRoutes = (pool: Pool, sources: WebhookSources, log: Log): Router =>
  new Router()
    .get("/webhooks/inbox", async (ctx) => {
      const viewer = viewerOf(ctx);
      const { limit, cursor, ...filter } = validate(listQuery, { ...ctx.query }, "The query");
      const rows = await listInbound(pool, viewer, { ...filter, before: cursor, limit: limit + 1 });
      ctx.body = listOf(rows, limit, present);
    })
    .get("/webhooks/inbox/:id", async (ctx) => {
      const row = await inboundOf(ctx, pool);
      ctx.body = { ...present(row), headers: row.headers, body: bodyOf(row.body) };
    })
    .post("/webhooks/inbox/replay", async (ctx) => {
      principal(ctx, "admin");
      const { filter, dry_run } = validate(replayInbox, await readJson(ctx));
      ctx.body = await replayMany(pool, sources, viewerOf(ctx), filter, dry_run, log);
    })
    .post("/webhooks/inbox/:id/replay", async (ctx) => {
      principal(ctx, "admin");
      const { id } = await inboundOf(ctx, pool);
      await replayOne(pool, sources, id, log);
      ctx.body = present(await inboundOf(ctx, pool));
    });

function viewerOf(ctx: Context): InboundViewer {
  const { tenant, role } = principal(ctx, "support");
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

const present = (row: Omit<InboundWebhook, "headers" | "body" | "correlation">) => ({
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

/** The JSON that was sent; text when it is not JSON. */
function bodyOf(body: Buffer): unknown {
  const text = body.toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
