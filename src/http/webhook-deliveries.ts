import Router from "@koa/router";
import type { Context } from "koa";
import { z } from "zod";
import type { DeliveryAnswer, WholeDelivery } from "../contract/answers/webhooks.ts";
import { listOf, paging } from "../contract/paging.ts";
import { listDeliveriesQuery } from "../contract/webhook-endpoints.ts";
import type { Pool } from "../db/pool.ts";
import {
  getDelivery,
  insertDelivery,
  listDeliveries,
  retryDelivery,
  type DeliveryRow,
} from "../db/webhook-deliveries.ts";
import type { WebhookEndpointRow } from "../db/webhook-endpoints.ts";
import type { Role } from "../config.ts";
import { newPing } from "../domain/merchant-events.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";
import { endpointOf } from "./webhook-endpoints.ts";

export interface WebhookDeliveryDeps {
  pool: Pool;
  /** Something may be due. */
  wake: () => void;
}

const listQuery = z.strictObject({ ...listDeliveriesQuery.shape, ...paging });

type RoutedContext = Context & { params: Record<string, string> };

/** What is or was on its way to an endpoint. */
export const webhookDeliveryRoutes = ({ pool, wake }: WebhookDeliveryDeps): Router =>
  new Router()
    .post("/webhook-endpoints/:id/ping", async (ctx) => {
      const endpoint = await enabledOf(ctx, pool);
      const id = newId("whd");
      await insertDelivery(pool, { id, endpoint_id: endpoint.id, event: newPing(endpoint.id, new Date()) });
      wake();
      ctx.status = 202;
      ctx.set("Location", `/v1/webhook-endpoints/${endpoint.id}/deliveries/${id}`);
      ctx.body = await deliveryOf(pool, endpoint.id, id);
    })
    .get("/webhook-endpoints/:id/deliveries", async (ctx) => {
      const { id } = await visibleOf(ctx, pool);
      const { limit, cursor, ...filter } = validate(listQuery, { ...ctx.query }, "The query");
      const rows = await listDeliveries(pool, id, { ...filter, before: cursor, limit: limit + 1 });
      ctx.body = listOf(rows, limit, present);
    })
    .get("/webhook-endpoints/:id/deliveries/:delivery", async (ctx) => {
      const { id } = await visibleOf(ctx, pool);
      ctx.body = await deliveryOf(pool, id, ctx.params["delivery"] ?? "");
    })
    .post("/webhook-endpoints/:id/deliveries/:delivery/retry", async (ctx) => {
      const { id } = await enabledOf(ctx, pool);
      const delivery = ctx.params["delivery"] ?? "";
      await deliveryOf(pool, id, delivery);
      await retryDelivery(pool, id, delivery);
      wake();
      ctx.status = 202;
      ctx.body = await deliveryOf(pool, id, delivery);
    });

const visibleOf = (ctx: RoutedContext, pool: Pool, least: Role = "viewer"): Promise<WebhookEndpointRow> =>
  endpointOf(ctx, pool, principal(ctx, least).tenant);

/** To send something now: whoever helps a merchant may. */
async function enabledOf(ctx: RoutedContext, pool: Pool): Promise<WebhookEndpointRow> {
  const endpoint = await visibleOf(ctx, pool, "support");
  if (!endpoint.enabled)
    throw new AppError(
      "conflict",
      `${endpoint.id} is disabled: enable it first, by PATCH with enabled true.`,
    );
  return endpoint;
}

async function deliveryOf(pool: Pool, endpoint: string, id: string): Promise<WholeDelivery> {
  const row = /^whd_[0-9a-z]{26}$/.test(id) ? await getDelivery(pool, endpoint, id) : null;
  if (!row) throw new AppError("not_found", `There is no webhook delivery ${id.slice(0, 64)}.`);
  return { ...present(row), payload: JSON.parse(row.body) as unknown, tries: row.tries };
}

/** As the API shows it in a list; read alone it has its payload and its tries. */
const present = (row: DeliveryRow): DeliveryAnswer => ({
  id: row.id,
  object: "webhook_delivery",
  endpoint_id: row.endpoint_id,
  event_id: row.event_id,
  event_type: row.event_type,
  state: row.state,
  attempts: row.attempts,
  next_try_at: row.next_at?.toISOString() ?? null,
  last_try: row.tries.at(-1) ?? null,
  created_at: row.created_at.toISOString(),
  ended_at: row.ended_at?.toISOString() ?? null,
});
