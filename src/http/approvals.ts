import Router from "@koa/router";
import type { Context } from "koa";
import { z } from "zod";
import { decide, listApprovalsQuery, resend } from "../contract/approvals.ts";
import { listOf, paging } from "../contract/paging.ts";
import { getApproval, listApprovals, type ApprovalRow } from "../db/approvals.ts";
import type { Pool } from "../db/pool.ts";
import { approvalView, nextTimes, voteObstacle } from "../domain/approval.ts";
import { deliver } from "../engine/messages.ts";
import { waitFor } from "../engine/wakeups.ts";
import { AppError, type ErrorCode } from "../errors.ts";
import type { Log } from "../log.ts";
import { readJson } from "./body.ts";
import { apiActor, principal, requestId } from "./context.ts";
import { validate } from "./validate.ts";

const listQuery = z.strictObject({ ...listApprovalsQuery.shape, ...paging });

const DECIDED_WITHIN_MS = 5_000;

/** Approvals, as the API shows them and takes decisions. */
export function approvalRoutes(pool: Pool, log: Log): Router {
  return new Router()
    .get("/approvals", async (ctx) => {
      const { tenant } = principal(ctx);
      const { limit, cursor, ...filter } = validate(listQuery, { ...ctx.query }, "The query");
      const rows = await listApprovals(pool, tenant, { ...filter, before: cursor, limit: limit + 1 });
      ctx.body = listOf(rows, limit, present);
    })
    .get("/approvals/:id", async (ctx) => {
      ctx.body = present(await approvalOf(ctx, pool));
    })
    .post("/approvals/:id/decisions", (ctx) => vote(ctx, pool, log))
    .post("/approvals/:id/resend", async (ctx) => {
      const caller = principal(ctx, "support");
      const { approver } = validate(resend, await readJson(ctx));
      const { state } = await approvalOf(ctx, pool);
      if (state.status !== "pending")
        throw new AppError("conflict", `The approval is already ${state.status}.`);
      const message = { type: "resend", approver, actor: apiActor(caller) } as const;
      await deliver(pool, "approval", { to: state.id, message, key: `resend:api:${requestId(ctx)}` }, log);
      ctx.status = 202;
      ctx.body = { object: "command", approval_id: state.id, accepted: true };
    })
    .post("/approvals/:id/remind", async (ctx) => {
      const caller = principal(ctx, "support");
      const { state } = await approvalOf(ctx, pool);
      if (state.status !== "pending")
        throw new AppError("conflict", `The approval is already ${state.status}.`);
      const message = { type: "remind", actor: apiActor(caller) } as const;
      await deliver(pool, "approval", { to: state.id, message, key: `remind:api:${requestId(ctx)}` }, log);
      ctx.status = 202;
      ctx.body = { object: "command", approval_id: state.id, accepted: true };
    });
}

const present = ({ state, created_at, updated_at }: ApprovalRow) => ({
  ...approvalView(state),
  order_id: state.order_id,
  subject: state.subject,
  content_hash: state.content_hash,
  revision: state.revision,
  policy_version: state.plan.policy_version,
  gates: state.plan.gates,
  next: nextTimes(state),
  comment: state.concluded?.comment ?? null,
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
});

async function approvalOf(
  ctx: Context & { params: Record<string, string> },
  pool: Pool,
): Promise<ApprovalRow> {
  const { tenant } = principal(ctx);
  const id = ctx.params["id"] ?? "";
  const row = /^apr_[0-9a-z]{26}$/.test(id) ? await getApproval(pool, id) : null;
  if (!row || row.tenant !== tenant)
    throw new AppError("not_found", `There is no approval ${id.slice(0, 64)}.`);
  return row;
}

const OBSTACLE: Record<NonNullable<ReturnType<typeof voteObstacle>>, [ErrorCode, string]> = {
  concluded: ["conflict", "The approval is already decided."],
  requester: ["forbidden", "Whoever requested it may not decide it."],
  not_asked: [
    "forbidden",
    "The policy does not ask this key's user; a key of role admin may decide in anybody's place.",
  ],
  already_voted: ["conflict", "This key's user has decided already."],
  superseded: ["conflict", "What is asked has changed since; read the approval again."],
};

/** Decides as the key's user. */
async function vote(ctx: Context & { params: Record<string, string> }, pool: Pool, log: Log): Promise<void> {
  const caller = principal(ctx, "finance");
  const { decision, comment } = validate(decide, await readJson(ctx));
  const { state } = await approvalOf(ctx, pool);
  const cast = {
    type: "vote",
    approver: caller.user,
    decision,
    comment,
    content_hash: state.content_hash,
    via: "api",
    actor: apiActor(caller),
    in_place: caller.role === "admin",
  } as const;
  const obstacle = voteObstacle(state, cast);
  if (obstacle) throw new AppError(...OBSTACLE[obstacle]);
  const key = `vote:${state.id}:${state.gate}:${state.revision}:${caller.user}`;
  await deliver(pool, "approval", { to: state.id, message: cast, key }, log);
  const counted = async () => {
    const row = await getApproval(pool, state.id);
    return row && (row.state.votes.length > state.votes.length || row.state.status !== "pending")
      ? row
      : null;
  };
  const row = await waitFor(state.id, counted, { timeoutMs: DECIDED_WITHIN_MS });
  ctx.status = row ? 200 : 202;
  ctx.body = present(row ?? (await approvalOf(ctx, pool)));
}
