import { createHash } from "node:crypto";
import Router from "@koa/router";
import canonicalize from "canonicalize";
import type { Context } from "koa";
import type { ErasureView } from "../contract/answers/orders.ts";
import { eraseOrder } from "../contract/orders.ts";
import { claimKey, keepResponse } from "../db/idempotency-keys.ts";
import { getOrder, type OrderRow } from "../db/orders.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { erasureObstacle } from "../domain/order-erase.ts";
import type { Erasure } from "../domain/order.ts";
import { isTaken, route } from "../engine/messages.ts";
import { waitFor } from "../engine/wakeups.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Log } from "../log.ts";
import { readJson } from "./body.ts";
import { apiActor, principal } from "./context.ts";
import { idempotencyKey } from "./idempotency.ts";
import { orderOf } from "./orders.ts";
import { validate } from "./validate.ts";

const SEE_WITHIN_MS = 5_000;

/** Erases the personal data of an order that has ended. */
export const eraseRoutes = (pool: Pool, log: Log): Router =>
  new Router().post("/orders/:id/erase", (ctx) => erase(ctx, pool, log));

async function erase(ctx: Context & { params: Record<string, string> }, pool: Pool, log: Log): Promise<void> {
  const caller = principal(ctx, "admin");
  const key = idempotencyKey(ctx);
  const { reason } = validate(eraseOrder, await readJson(ctx));
  const { id, tenant, state } = await orderOf(ctx, pool);
  const operation = `POST /v1/orders/${id}/erase`;
  const request_hash = createHash("sha256")
    .update(canonicalize({ reason }) ?? "")
    .digest("hex");
  const result = await inTransaction(pool, async (tx) => {
    const erasure_id = newId("ers");
    const earlier = await claimKey(tx, { tenant, operation, key, request_hash, object_id: erasure_id });
    if (earlier) return { ...earlier, earlier: true, dispatch: null };
    const obstacle = erasureObstacle(state);
    if (obstacle !== null) throw refused(obstacle);
    const message = { type: "erase", actor: apiActor(caller), erasure_id, reason } as const;
    const { dispatch } = await route(tx, "order", [{ to: id, message, key: letterKey(erasure_id) }], log);
    return { object_id: erasure_id, request_hash, response: null, earlier: false, dispatch };
  });
  result.dispatch?.();
  if (result.request_hash !== request_hash)
    throw new AppError(
      "idempotency_mismatch",
      "This Idempotency-Key was used with another reason; use a new key to erase once more.",
    );
  if (result.earlier) ctx.set("Idempotent-Replayed", "true");
  const answer = result.response ?? (await outcome(pool, tenant, id, result.object_id));
  const finished = (answer as ErasureView).status === "finished";
  if (finished && result.response === null) await keepResponse(pool, tenant, operation, key, answer);
  ctx.status = finished ? 200 : 202;
  ctx.body = answer;
}

const letterKey = (erasureId: string): string => `erase:api:${erasureId}`;

const refused = (obstacle: string): AppError =>
  new AppError("conflict", `The personal data cannot be erased now: ${obstacle}.`);

const viewOf = (order_id: string, erasure: Erasure): ErasureView => ({
  object: "erasure",
  order_id,
  status: erasure.finished_at === null ? "running" : "finished",
  ...erasure,
});

/** @throws AppError when the order did not take it, since something began meanwhile */
async function outcome(pool: Pool, tenant: string, orderId: string, erasureId: string): Promise<ErasureView> {
  let order: OrderRow | null = null;
  let taken = false;
  const look = async () => {
    taken = await isTaken(pool, orderId, letterKey(erasureId));
    order = await getOrder(pool, tenant, orderId);
    const erasure = order?.state.erasure;
    return taken && (erasure?.id !== erasureId || erasure.finished_at !== null) ? true : null;
  };
  await waitFor(orderId, look, { timeoutMs: SEE_WITHIN_MS });
  const state = (order as OrderRow | null)?.state;
  if (state?.erasure?.id === erasureId) return viewOf(orderId, state.erasure);
  // Ids sort by time: one that came later took all that this one would have.
  if (state?.erasure && state.erasure.id > erasureId) return viewOf(orderId, state.erasure);
  if (taken && state)
    throw refused(
      erasureObstacle(state) ?? "the order was at work; send it again with a new Idempotency-Key",
    );
  throw new AppError(
    "idempotency_in_progress",
    "The erasure has not begun yet; send it again with the same Idempotency-Key.",
    { retryAfter: 1 },
  );
}
