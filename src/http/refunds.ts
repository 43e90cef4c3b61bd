import { createHash } from "node:crypto";
import Router from "@koa/router";
import canonicalize from "canonicalize";
import type { Context } from "koa";
import type { RefundAnswer } from "../contract/answers/orders.ts";
import { createRefund } from "../contract/orders.ts";
import { claimKey, findKey, keepResponse } from "../db/idempotency-keys.ts";
import { getOrder, type OrderRow } from "../db/orders.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { formatMoney } from "../domain/money.ts";
import { paidCurrency, refundableAmount, type OrderState } from "../domain/order.ts";
import type { RefundView } from "../domain/order-view.ts";
import { planApproval } from "../domain/policy.ts";
import { isTaken, route } from "../engine/messages.ts";
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
  const result = await inTransaction(pool, async (tx) => {
    const refund_id = newId("rfd");
    const earlier = await claimKey(tx, { tenant, operation, key, request_hash, object_id: refund_id });
    if (earlier) return { ...earlier, earlier: true, dispatch: null };
    const refundable = refundableAmount(state);
    const money = { amount: request.amount ?? refundable, currency: paidCurrency(state) };
    if (money.amount <= 0 || money.amount > refundable) throw tooMuch(state);
    const message = {
      type: "refund",
      actor: apiActor(caller),
      refund_id,
      ...money,
      reason: request.reason,
      plan: planApproval(policy, {
        ...money,
        kind: "refund",
        customer: state.facts.customer.email,
        metadata: state.facts.metadata,
        requested_by: caller.user,
      }),
    } as const;
    const { dispatch } = await route(tx, "order", [{ to: id, message, key: letterKey(refund_id) }], log);
    return { object_id: refund_id, request_hash, response: null, earlier: false, dispatch };
  });
  result.dispatch?.();
  if (result.request_hash !== request_hash)
    throw new AppError(
      "idempotency_mismatch",
      "This Idempotency-Key was used with another body; use a new key for a new refund.",
    );
  if (result.earlier) ctx.set("Idempotent-Replayed", "true");
  ctx.status = 201;
  if (result.response !== null) {
    ctx.body = result.response;
    return;
  }
  // A repeated request waits as the first one does: that one may have died before it answered.
  const refund = await outcome(pool, tenant, id, result.object_id);
  const answer: RefundAnswer = { object: "refund", order_id: id, currency: paidCurrency(state), ...refund };
  await keepResponse(pool, tenant, operation, key, answer);
  ctx.body = (await findKey(pool, tenant, operation, key))?.response ?? answer;
}

const letterKey = (refundId: string): string => `refund:api:${refundId}`;

/**
 * What became of a refund that was asked for, as soon as there is something to say.
 * @throws AppError when the order did not take it: others were faster, and together it is too much
 */
async function outcome(pool: Pool, tenant: string, orderId: string, refundId: string): Promise<RefundView> {
  let order: OrderRow | null = null;
  let taken = false;
  const find = () => order && viewOf(order).refunds.find((r) => r.id === refundId);
  const look = async () => {
    taken = await isTaken(pool, orderId, letterKey(refundId));
    order = await getOrder(pool, tenant, orderId);
    const refund = find();
    return (taken && !refund) || (refund && refund.status !== "requested") ? true : null;
  };
  await waitFor(orderId, look, { timeoutMs: SEE_WITHIN_MS });
  const refund = find();
  if (refund) return refund;
  if (taken && order) throw tooMuch((order as OrderRow).state);
  throw new AppError(
    "idempotency_in_progress",
    "The refund is not decided yet; send it again with the same Idempotency-Key.",
    { retryAfter: 1 },
  );
}

function tooMuch(state: OrderState): AppError {
  const amount = Math.max(0, refundableAmount(state));
  const limit = formatMoney({ amount, currency: paidCurrency(state) });
  return new AppError("unprocessable", `amount: at most ${limit} can be refunded`, {
    errors: [{ path: "amount", message: `must be at most ${amount}, what is captured and not yet refunded` }],
  });
}
