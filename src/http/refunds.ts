import { createHash } from "node:crypto";
import Router from "@koa/router";
import canonicalize from "canonicalize";
import type { Context } from "koa";
import { createRefund } from "../contract/orders.ts";
import { claimKey, keepResponse } from "../db/idempotency-keys.ts";
import { getOrder } from "../db/orders.ts";
import { inTransaction } from "../db/pool.ts";
import { formatMoney } from "../domain/money.ts";
import { refundableAmount } from "../domain/order.ts";
import { planApproval } from "../domain/policy.ts";
import { route } from "../engine/messages.ts";
import { waitFor } from "../engine/wakeups.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { readJson } from "./body.ts";
import { apiActor, principal } from "./context.ts";
import { idempotencyKey } from "./idempotency.ts";
import { orderOf, viewOf, type OrderRoutesDeps } from "./orders.ts";
import { validate } from "./validate.ts";

const SEE_WITHIN_MS = 5_000;

/** Refunds of captured orders; they follow the policy too. */
export const refundRoutes = (deps: OrderRoutesDeps): Router =>
  new Router().post("/orders/:id/refunds", (ctx) => create(ctx, deps));

async function create(
  ctx: Context & { params: Record<string, string> },
  { pool, policy, log }: OrderRoutesDeps,
): Promise<void> {
  const caller = principal(ctx, "finance");
  const key = idempotencyKey(ctx);
  const body = await readJson(ctx);
  const request = validate(createRefund, body);
  const { id, tenant, state } = await orderOf(ctx, pool);
  const operation = `POST /v1/orders/${id}/refunds`;
  const request_hash = createHash("sha256")
    .update(canonicalize(body) ?? "")
    .digest("hex");
  const refund_id = newId("rfd");
  const result = await inTransaction(pool, async (tx) => {
    const earlier = await claimKey(tx, { tenant, operation, key, request_hash, object_id: refund_id });
    if (earlier) return { earlier, dispatch: null };
    const refundable = refundableAmount(state);
    const money = { amount: request.amount ?? refundable, currency: state.facts.currency };
    if (money.amount <= 0 || money.amount > refundable) {
      const limit = formatMoney({ ...money, amount: Math.max(0, refundable) });
      throw new AppError("unprocessable", `amount: at most ${limit} can be refunded`, {
        errors: [
          {
            path: "amount",
            message: `must be at most ${Math.max(0, refundable)}, what is captured and not yet refunded`,
          },
        ],
      });
    }
    const plan = planApproval(policy, "refund", money, caller.user);
    const message = {
      type: "refund",
      actor: apiActor(caller),
      refund_id,
      ...money,
      reason: request.reason,
      plan,
    } as const;
    const { dispatch } = await route(tx, "order", [{ to: id, message, key: `refund:api:${refund_id}` }], log);
    return { earlier: null, dispatch };
  });
  result.dispatch?.();
  ctx.status = 201;
  if (result.earlier) {
    if (result.earlier.request_hash !== request_hash)
      throw new AppError(
        "idempotency_mismatch",
        "This Idempotency-Key was used with another body; use a new key for a new refund.",
      );
    if (result.earlier.response === null)
      throw new AppError(
        "idempotency_in_progress",
        "The first request with this Idempotency-Key is still running.",
        { retryAfter: 1 },
      );
    ctx.set("Idempotent-Replayed", "true");
    ctx.body = result.earlier.response;
    return;
  }
  const look = async () => {
    const row = await getOrder(pool, tenant, id);
    const refund = row && viewOf(row).refunds.find((r) => r.id === refund_id);
    return refund && refund.status !== "requested" ? refund : null;
  };
  const seen = await waitFor(id, look, { timeoutMs: SEE_WITHIN_MS });
  const refund = seen ?? {
    id: refund_id,
    amount: request.amount ?? null,
    status: "requested",
    reason: request.reason,
  };
  ctx.body = { object: "refund", order_id: id, currency: state.facts.currency, ...refund };
  await keepResponse(pool, tenant, operation, key, ctx.body);
}
