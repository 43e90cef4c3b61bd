import { randomBytes } from "node:crypto";
import Router from "@koa/router";
import type { Context } from "koa";
import { z } from "zod";
import type { EndpointAnswer } from "../contract/answers/webhooks.ts";
import { EVENT_TYPES } from "../contract/events/catalogue.ts";
import { listOf, paging } from "../contract/paging.ts";
import { changeEndpoint, createEndpoint, rotateEndpointSecret } from "../contract/webhook-endpoints.ts";
import type { Pool } from "../db/pool.ts";
import {
  getEndpoint,
  hideEndpoint,
  insertEndpoint,
  listEndpoints,
  rotateSecret,
  updateEndpoint,
  type WebhookEndpointRow,
} from "../db/webhook-endpoints.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Seal } from "../seal.ts";
import { urlObstacle, type OutboundRules } from "../outbound/send.ts";
import { readJson } from "./body.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

export interface WebhookEndpointDeps {
  pool: Pool;
  seal: Seal;
  /** Where webhooks may go. */
  outbound: OutboundRules;
}

/** Of one tenant: each is one more delivery for every event. */
const MOST = 20;

const listQuery = z.strictObject(paging);

type RoutedContext = Context & { params: Record<string, string> };

/** Where a merchant's webhooks go. */
export const webhookEndpointRoutes = (deps: WebhookEndpointDeps): Router =>
  new Router()
    .get("/event-types", (ctx) => {
      principal(ctx);
      ctx.body = { object: "list", data: EVENT_TYPES, has_more: false, next_cursor: null };
    })
    .post("/webhook-endpoints", (ctx) => create(ctx, deps))
    .get("/webhook-endpoints", async (ctx) => {
      const { tenant } = principal(ctx);
      const { limit, cursor } = validate(listQuery, { ...ctx.query }, "The query");
      const rows = await listEndpoints(deps.pool, tenant, { before: cursor, limit: limit + 1 });
      ctx.body = listOf(rows, limit, present);
    })
    .get("/webhook-endpoints/:id", async (ctx) => {
      ctx.body = present(await endpointOf(ctx, deps.pool, principal(ctx).tenant));
    })
    .patch("/webhook-endpoints/:id", (ctx) => change(ctx, deps))
    .delete("/webhook-endpoints/:id", async (ctx) => {
      const { tenant } = principal(ctx, "admin");
      if (!(await hideEndpoint(deps.pool, tenant, ctx.params["id"] ?? ""))) throw unknownEndpoint(ctx);
      ctx.status = 204;
    })
    .post("/webhook-endpoints/:id/rotate-secret", (ctx) => rotate(ctx, deps));

/** 256 bits, as Standard Webhooks writes them. */
const newSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

async function create(ctx: Context, { pool, seal, outbound }: WebhookEndpointDeps): Promise<void> {
  const { tenant, user } = principal(ctx, "admin");
  const wanted = validate(createEndpoint, await readJson(ctx));
  mustBeCallable(wanted.url, outbound);
  const [id, secret] = [newId("whe"), newSecret()];
  const endpoint = { ...wanted, id, tenant, secret: seal.close(secret, id), created_by: user };
  const row = await insertEndpoint(pool, endpoint, MOST);
  if (!row)
    throw new AppError("conflict", `There are ${MOST} webhook endpoints already: delete one, or change one.`);
  ctx.status = 201;
  ctx.set("Location", `/v1/webhook-endpoints/${id}`);
  ctx.body = { ...present(row), secret };
}

async function change(ctx: RoutedContext, { pool, outbound }: WebhookEndpointDeps): Promise<void> {
  const { tenant } = principal(ctx, "admin");
  const { id } = await endpointOf(ctx, pool, tenant);
  const wanted = validate(changeEndpoint, await readJson(ctx));
  if (wanted.url !== undefined) mustBeCallable(wanted.url, outbound);
  const row = await updateEndpoint(pool, tenant, id, wanted);
  if (!row) throw unknownEndpoint(ctx);
  ctx.body = present(row);
}

async function rotate(ctx: RoutedContext, { pool, seal }: WebhookEndpointDeps): Promise<void> {
  const { tenant } = principal(ctx, "admin");
  const { id } = await endpointOf(ctx, pool, tenant);
  const { expires_in } = validate(rotateEndpointSecret, await readJson(ctx));
  const secret = newSecret();
  const row = await rotateSecret(pool, tenant, id, { secret: seal.close(secret, id), forS: expires_in });
  if (!row) throw unknownEndpoint(ctx);
  ctx.body = { ...present(row), secret };
}

function mustBeCallable(url: string, rules: OutboundRules): void {
  const message = urlObstacle(url, rules);
  if (message)
    throw new AppError("invalid_request", `url: ${message}`, { errors: [{ path: "url", message }] });
}

/** The endpoint that the path names. @throws AppError `not_found`, also for another tenant's */
export async function endpointOf(
  ctx: RoutedContext,
  pool: Pool,
  tenant: string,
): Promise<WebhookEndpointRow> {
  const id = ctx.params["id"] ?? "";
  const row = /^whe_[0-9a-z]{26}$/.test(id) ? await getEndpoint(pool, tenant, id) : null;
  if (!row) throw unknownEndpoint(ctx);
  return row;
}

const unknownEndpoint = (ctx: RoutedContext) =>
  new AppError("not_found", `There is no webhook endpoint ${(ctx.params["id"] ?? "").slice(0, 64)}.`);

/** As the API shows it: the secret only where it was just made. */
const present = (row: WebhookEndpointRow): EndpointAnswer => ({
  id: row.id,
  object: "webhook_endpoint",
  url: row.url,
  event_types: row.event_types,
  description: row.description,
  enabled: row.enabled,
  disabled_reason: row.disabled_reason,
  disabled_at: row.disabled_at?.toISOString() ?? null,
  failing_since: row.failing_since?.toISOString() ?? null,
  previous_secret_until: row.previous_until?.toISOString() ?? null,
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});
