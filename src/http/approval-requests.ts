import { createHash, randomBytes } from "node:crypto";
import Router from "@koa/router";
import canonicalize from "canonicalize";
import type { Context } from "koa";
import type { ApprovalAnswer, CreatedApproval } from "../contract/answers/approvals.ts";
import { createApproval, type CreateApproval } from "../contract/approval-requests.ts";
import { delegationsToHeed } from "../db/delegations.ts";
import { claimKey, keepResponse } from "../db/idempotency-keys.ts";
import { getOrder } from "../db/orders.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { newApproval } from "../domain/approval.ts";
import { openingOf, planRequest, type ApprovalRequest } from "../domain/approval-request.ts";
import type { ApprovalPlan, Policy } from "../domain/policy.ts";
import { submitApproval } from "../engine/submit.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Seal } from "../seal.ts";
import { urlObstacle, type OutboundRules } from "../outbound/send.ts";
import { presentApproval } from "./approval-view.ts";
import { readJson } from "./body.ts";
import { principal } from "./context.ts";
import { idempotencyKey } from "./idempotency.ts";
import { validate } from "./validate.ts";

export interface ApprovalRequestDeps {
  pool: Pool;
  policy: Policy;
  /** Where outcomes may be posted to. */
  outbound: OutboundRules;
  /** For the secrets that sign them. */
  seal: Seal;
  /** A stored one, as it signs; null when it cannot be opened any more. */
  secretOf: (approvalId: string, stored: string) => string | null;
  log: Log;
}

const OPERATION = "POST /v1/approvals";

/** Approvals of anything, with or without an order. */
export const approvalRequestRoutes = (deps: ApprovalRequestDeps): Router =>
  new Router().post("/approvals", (ctx) => create(ctx, deps));

async function create(
  ctx: Context,
  { pool, policy, outbound, seal, secretOf, log }: ApprovalRequestDeps,
): Promise<void> {
  const { tenant } = principal(ctx, "finance");
  const key = idempotencyKey(ctx);
  const body = await readJson(ctx);
  const asked = validate(createApproval, body);
  const refused = asked.callback ? urlObstacle(asked.callback.url, outbound) : null;
  if (refused) throw badField("callback.url", refused);
  if (asked.order_id && !(await getOrder(pool, tenant, asked.order_id)))
    throw badField("order_id", `there is no order ${asked.order_id.slice(0, 64)}`);
  const request = requestOf(asked);
  const plan = planOf(policy, request);
  const request_hash = createHash("sha256")
    .update(canonicalize(body) ?? "")
    .digest("hex");
  const now = new Date();
  const result = await inTransaction(pool, async (tx) => {
    const id = newId("apr");
    const earlier = await claimKey(tx, { tenant, operation: OPERATION, key, request_hash, object_id: id });
    if (earlier) return { ...earlier, earlier: true, dispatch: null };
    const delegations = await delegationsToHeed(tx, tenant, now);
    const callback = request.callback && {
      url: request.callback.url,
      secret: seal.close(request.callback.secret, id),
    };
    const state = newApproval(openingOf(id, tenant, { ...request, callback }, plan, delegations), now);
    const dispatch = await submitApproval(tx, state, log);
    const shown = presentApproval({ state, created_at: now, updated_at: now });
    // Kept as it is stored, and opened for the answer.
    const response: CreatedApproval = { ...shown, callback };
    await keepResponse(tx, tenant, OPERATION, key, response);
    return { request_hash, response: response, earlier: false, dispatch };
  });
  result.dispatch?.();
  if (result.request_hash !== request_hash)
    throw new AppError(
      "idempotency_mismatch",
      "This Idempotency-Key was used with another body; use a new key for a new approval.",
    );
  if (result.earlier) ctx.set("Idempotent-Replayed", "true");
  ctx.status = 201;
  ctx.body = withSecret(result.response as CreatedApproval, secretOf);
}

/** The secret is shown this once; whoever repeats the request with its key sees the same answer, as long as it can be read. */
function withSecret(
  response: CreatedApproval,
  secretOf: ApprovalRequestDeps["secretOf"],
): CreatedApproval | ApprovalAnswer {
  const { id, callback } = response;
  if (callback === null) return response;
  const { url } = callback;
  const secret = secretOf(id, callback.secret);
  return secret === null ? { ...response, callback: { url } } : { ...response, callback: { url, secret } };
}

const badField = (path: string, message: string) =>
  new AppError("invalid_request", `${path}: ${message}`, { errors: [{ path, message }] });

function planOf(policy: Policy, request: ApprovalRequest): ApprovalPlan {
  const plan = planRequest(policy, request);
  if ("path" in plan) throw badField(plan.path, plan.message);
  return plan;
}

const requestOf = (asked: CreateApproval): ApprovalRequest => ({
  title: asked.title,
  description: asked.description ?? null,
  amount: asked.amount ?? null,
  currency: asked.currency ?? null,
  customer: asked.customer ?? null,
  reason: asked.reason ?? null,
  requested_by: asked.requested_by ?? null,
  metadata: asked.metadata,
  order_id: asked.order_id ?? null,
  gates: asked.gates ?? null,
  ask: asked.ask ?? null,
  expires_in_s: asked.expires_in ?? null,
  callback: asked.callback
    ? {
        url: asked.callback.url,
        secret: asked.callback.secret ?? `whsec_${randomBytes(32).toString("base64")}`,
      }
    : null,
});
