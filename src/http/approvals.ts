import Router from "@koa/router";
import type { Context } from "koa";
import { z } from "zod";
import type { CommandAnswer } from "../contract/answers/approvals.ts";
import { decide, listApprovalsQuery, reassign, resend, revoke } from "../contract/approvals.ts";
import { listOf, paging } from "../contract/paging.ts";
import { getApproval, listApprovals, listApprovalsWaitingFor, type ApprovalRow } from "../db/approvals.ts";
import { delegationsToHeed } from "../db/delegations.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import { normalisedAddress } from "../domain/address.ts";
import { isConcluded, type ApprovalMessage } from "../domain/approval.ts";
import { peopleObstacle } from "../domain/approval-people.ts";
import { voteObstacle } from "../domain/approval-votes.ts";
import { deliver, route } from "../engine/messages.ts";
import { waitFor } from "../engine/wakeups.ts";
import { AppError, type ErrorCode } from "../errors.ts";
import type { Log } from "../log.ts";
import { presentApproval } from "./approval-view.ts";
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
      const { limit, cursor, waiting_for, ...rest } = validate(listQuery, { ...ctx.query }, "The query");
      const filter = { ...rest, before: cursor, limit: limit + 1 };
      const rows =
        waiting_for === undefined
          ? await listApprovals(pool, tenant, filter)
          : await listApprovalsWaitingFor(pool, tenant, normalisedAddress(waiting_for), filter);
      ctx.body = listOf(rows, limit, presentApproval);
    })
    .get("/approvals/:id", async (ctx) => {
      ctx.body = presentApproval(await approvalOf(ctx, pool));
    })
    .post("/approvals/:id/decisions", (ctx) => vote(ctx, pool, log))
    .post("/approvals/:id/resend", async (ctx) => {
      const caller = principal(ctx, "support");
      const { approver } = validate(resend, await readJson(ctx));
      await command(ctx, pool, log, { type: "resend", approver, actor: apiActor(caller) });
    })
    .post("/approvals/:id/remind", async (ctx) => {
      const caller = principal(ctx, "support");
      await command(ctx, pool, log, { type: "remind", actor: apiActor(caller) });
    })
    .post("/approvals/:id/reassign", async (ctx) => {
      const caller = principal(ctx, "admin");
      const { from, to } = validate(reassign, await readJson(ctx));
      await command(ctx, pool, log, { type: "reassign", from, to, actor: apiActor(caller) });
    })
    .post("/approvals/:id/revoke", async (ctx) => {
      const caller = principal(ctx, "admin");
      const { approver } = validate(revoke, await readJson(ctx));
      await command(ctx, pool, log, { type: "revoke", approver, actor: apiActor(caller) });
    });
}

type Command = Extract<ApprovalMessage, { type: "resend" | "remind" | "reassign" | "revoke" }>;

/** Sends an open approval a command that it can carry out; what cannot be is answered at once, with the reason. */
async function command(ctx: RoutedContext, pool: Pool, log: Log, message: Command): Promise<void> {
  const { state } = await approvalOf(ctx, pool);
  if (isConcluded(state)) throw new AppError("conflict", `The approval is already ${state.status}.`);
  const now = new Date();
  const obstacle =
    message.type === "reassign"
      ? peopleObstacle(state, message.from, message.to, now)
      : message.type === "revoke"
        ? peopleObstacle(state, message.approver, null, now)
        : null;
  if (obstacle) throw new AppError(...NOT_CHANGED[obstacle]);
  const dispatch = await inTransaction(pool, async (tx) => {
    const heeded =
      message.type === "reassign" ? await withDelegations(tx, state.tenant, message, now) : message;
    const letter = { to: state.id, message: heeded, key: `${message.type}:api:${requestId(ctx)}` };
    return (await route(tx, "approval", [letter], log)).dispatch;
  });
  dispatch();
  ctx.status = 202;
  ctx.body = { object: "command", approval_id: state.id, accepted: true } satisfies CommandAnswer;
}

/** The approval may not have named the person before, and then was told nothing about their being away. */
async function withDelegations(
  tx: Tx,
  tenant: string,
  message: Extract<Command, { type: "reassign" }>,
  now: Date,
): Promise<Command> {
  const to = normalisedAddress(message.to);
  const all = await delegationsToHeed(tx, tenant, now);
  return { ...message, delegations: all.filter(({ from }) => normalisedAddress(from) === to) };
}

const NOT_CHANGED: Record<NonNullable<ReturnType<typeof peopleObstacle>>, [ErrorCode, string]> = {
  concluded: ["conflict", "The approval is not waiting for decisions now."],
  not_asked: ["unprocessable", "This person is not asked at the open gate; read the approval for who is."],
  stands_in: [
    "unprocessable",
    "This person stands in for somebody who is away: name that person instead, or delete the delegation.",
  ],
  already_voted: ["conflict", "This person has decided already."],
  requester: ["forbidden", "Whoever requested it may not decide it."],
  asked_already: ["conflict", "The person to be asked is asked already."],
};

type RoutedContext = Context & { params: Record<string, string> };

async function approvalOf(ctx: RoutedContext, pool: Pool): Promise<ApprovalRow> {
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
async function vote(ctx: RoutedContext, pool: Pool, log: Log): Promise<void> {
  const caller = principal(ctx, "finance");
  const { decision, comment, content_hash, gate } = validate(decide, await readJson(ctx));
  const { state } = await approvalOf(ctx, pool);
  if (gate !== undefined && state.status === "pending" && state.plan.gates[state.gate]?.name !== gate)
    throw new AppError("conflict", `Gate ${gate} is not the one that is open now; read the approval again.`);
  const cast = {
    type: "vote",
    approver: caller.user,
    decision,
    comment,
    content_hash: content_hash ?? state.content_hash,
    // The hash is the same at every gate: a vote that comes late must not answer the next gate's question.
    gate: state.gate,
    via: "api",
    actor: apiActor(caller),
    in_place: caller.role === "admin",
  } as const;
  const obstacle = voteObstacle(state, cast, new Date());
  if (obstacle) throw new AppError(...OBSTACLE[obstacle]);
  // Sent twice it is the same message; a decision after the first one was refused is another.
  const key = `vote:${state.id}:${state.gate}:${state.revision}:${caller.user}:${state.serial}`;
  await deliver(pool, "approval", { to: state.id, message: cast, key }, log);
  const counted = async () => {
    const row = await getApproval(pool, state.id);
    return row && (row.state.votes.length > state.votes.length || row.state.status !== "pending")
      ? row
      : null;
  };
  const row = await waitFor(state.id, counted, { timeoutMs: DECIDED_WITHIN_MS });
  ctx.status = row ? 200 : 202;
  ctx.body = presentApproval(row ?? (await approvalOf(ctx, pool)));
}
