import { createHash } from "node:crypto";
import Router from "@koa/router";
import canonicalize from "canonicalize";
import type { Context } from "koa";
import { z } from "zod";
import { cancelOrder, createOrder, listOrdersQuery, type CreateOrder } from "../contract/orders.ts";
import { listOf, paging } from "../contract/paging.ts";
import { findKey, keepResponse } from "../db/idempotency-keys.ts";
import { getOrder, listOrders, type OrderRow } from "../db/orders.ts";
import type { Pool } from "../db/pool.ts";
import { newOrder } from "../domain/order-decide.ts";
import type { OrderFacts } from "../domain/order.ts";
import { orderView, type OrderView } from "../domain/order-view.ts";
import { planApproval, type Policy } from "../domain/policy.ts";
import { deliver } from "../engine/messages.ts";
import { CREATE_ORDER, submitOrder } from "../engine/submit.ts";
import { waitFor, waitForAnswer } from "../engine/wakeups.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { alsoAbout, type Log } from "../log.ts";
import { readJson } from "./body.ts";
import { apiActor, principal, requestId } from "./context.ts";
import { idempotencyKey } from "./idempotency.ts";
import { validate } from "./validate.ts";

export interface OrderRoutesDeps {
  pool: Pool;
  policy: Policy;
  /** The payment provider's name, as an order keeps it. */
  provider: string;
  log: Log;
}

/** How long a creation waits for the provider before it answers with what there is. */
const ANSWER_WITHIN_MS = 10_000;
/** How long a command waits to see what it did. */
const SEE_WITHIN_MS = 2_000;

const listQuery = z.strictObject({ ...listOrdersQuery.shape, ...paging });

export function orderRoutes(deps: OrderRoutesDeps): Router {
  const { pool, log } = deps;
  return new Router()
    .post("/orders", (ctx) => create(ctx, deps))
    .get("/orders", async (ctx) => {
      const { tenant } = principal(ctx);
      const { limit, cursor, ...filter } = validate(listQuery, { ...ctx.query }, "The query");
      const rows = await listOrders(pool, tenant, { ...filter, before: cursor, limit: limit + 1 });
      ctx.body = listOf(rows, limit, viewOf);
    })
    .get("/orders/:id", async (ctx) => {
      ctx.body = viewOf(await orderOf(ctx, pool));
    })
    .post("/orders/:id/cancel", async (ctx) => {
      const caller = principal(ctx, "finance");
      const { reason } = validate(cancelOrder, await readJson(ctx));
      const order = await orderOf(ctx, pool);
      const { id, state } = order;
      // Whoever asks again, since no answer came the first time, is told the same.
      if (state.ended_at && state.status === "cancelled") {
        ctx.status = 202;
        ctx.body = viewOf(order);
        return;
      }
      if (state.ended_at)
        throw new AppError("conflict", `The order is already ${state.status}; a paid order can be refunded.`);
      if (state.payment.amount_captured > 0)
        throw new AppError(
          "conflict",
          "The payment is captured; refund it instead: POST /v1/orders/:id/refunds.",
        );
      const message = { type: "cancel", actor: apiActor(caller), reason } as const;
      await deliver(pool, "order", { to: id, message, key: `cancel:api:${requestId(ctx)}` }, log);
      const seen = await waitFor(id, () => ended(pool, caller.tenant, id), { timeoutMs: SEE_WITHIN_MS });
      ctx.status = 202;
      ctx.body = viewOf(seen ?? (await orderOf(ctx, pool)));
    });
}

export const viewOf = (row: OrderRow): OrderView =>
  orderView(row.state, {
    entries: row.entries,
    head_hash: row.head_hash,
    updated_at: row.updated_at.toISOString(),
  });

/** The order that the path names, if it is the caller's. */
export async function orderOf(
  ctx: Context & { params: Record<string, string> },
  pool: Pool,
): Promise<OrderRow> {
  const { tenant } = principal(ctx);
  const id = ctx.params["id"] ?? "";
  const row = /^ord_[0-9a-z]{26}$/.test(id) ? await getOrder(pool, tenant, id) : null;
  if (!row) throw new AppError("not_found", `There is no order ${id.slice(0, 64)}.`);
  alsoAbout({ order_id: id });
  return row;
}

async function ended(pool: Pool, tenant: string, id: string): Promise<OrderRow | null> {
  const row = await getOrder(pool, tenant, id);
  return row?.state.ended_at ? row : null;
}

/** Accepts an order and answers once its payment is open: from then on the answer is the same for the same key. */
async function create(ctx: Context, { pool, policy, provider, log }: OrderRoutesDeps): Promise<void> {
  const caller = principal(ctx, "admin");
  const { tenant } = caller;
  const key = idempotencyKey(ctx);
  const body = await readJson(ctx);
  const request = validate(createOrder, body);
  const request_hash = createHash("sha256")
    .update(canonicalize(body) ?? "")
    .digest("hex");
  const facts = factsOf(request, tenant, provider);
  const order = newOrder(
    facts,
    planApproval(policy, { ...facts, kind: "order", customer: facts.customer.email }),
    request.payment.expires_in,
  );
  alsoAbout({ order_id: facts.id });
  const earlier = await submitOrder(pool, order, { key, request_hash, actor: apiActor(caller) }, log);
  ctx.status = 201;
  if (earlier) {
    if (earlier.request_hash !== request_hash)
      throw new AppError(
        "idempotency_mismatch",
        "This Idempotency-Key was used with another body; use a new key for a new order.",
      );
    const response = earlier.response ?? (await lateAnswer(pool, tenant, key, earlier.object_id));
    if (response === null)
      throw new AppError(
        "idempotency_in_progress",
        "The first request with this Idempotency-Key is still running; ask again in a moment.",
        { retryAfter: 1 },
      );
    ctx.set("Idempotent-Replayed", "true");
    ctx.set("Location", `/v1/orders/${earlier.object_id}`);
    ctx.body = response;
    return;
  }
  const answered = async () => (await findKey(pool, tenant, CREATE_ORDER, key))?.response ?? null;
  const response = await waitForAnswer(facts.id, answered, ANSWER_WITHIN_MS);
  ctx.set("Location", `/v1/orders/${facts.id}`);
  // Without an answer of the provider the order stands, and says so when it is looked at.
  ctx.body = response ?? (await answerAsItStands(pool, tenant, key, facts.id));
}

/** Keeps the order as it stands as the answer to this key, unless there is one by now; that one is the answer. */
async function answerAsItStands(pool: Pool, tenant: string, key: string, id: string): Promise<unknown> {
  const row = await getOrder(pool, tenant, id);
  if (row) await keepResponse(pool, tenant, CREATE_ORDER, key, viewOf(row));
  return (await findKey(pool, tenant, CREATE_ORDER, key))?.response ?? null;
}

/** The answer to a request whose own process died before it could give one; null while it may still be running. */
async function lateAnswer(pool: Pool, tenant: string, key: string, id: string): Promise<unknown> {
  const row = await getOrder(pool, tenant, id);
  const running = !row || Date.now() - Date.parse(row.state.facts.created_at) <= ANSWER_WITHIN_MS;
  return running ? null : answerAsItStands(pool, tenant, key, id);
}

function factsOf(request: CreateOrder, tenant: string, provider: string): OrderFacts {
  return {
    id: newId("ord"),
    tenant,
    reference: request.reference,
    amount: request.amount,
    currency: request.currency,
    description: request.description ?? null,
    customer: { email: request.customer?.email ?? null, name: request.customer?.name ?? null },
    requested_by: request.requested_by ?? null,
    items: request.items,
    provider,
    payment_mode: request.payment.mode,
    payment_method: request.payment.mode === "confirm" ? request.payment.payment_method : null,
    capture: request.payment.capture,
    fulfilment: request.fulfilment,
    metadata: request.metadata,
    created_at: new Date().toISOString(),
  };
}
