import Router from "@koa/router";
import type { Context } from "koa";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { decisionForm } from "../contract/approvals.ts";
import { findLink } from "../db/approval-links.ts";
import { getApproval } from "../db/approvals.ts";
import { getOrder } from "../db/orders.ts";
import type { Pool } from "../db/pool.ts";
import type { Vote } from "../domain/approval.ts";
import { voteObstacle } from "../domain/approval-votes.ts";
import { TOKEN_PATTERN, tokenHash } from "../domain/approval-token.ts";
import { normalisedAddress } from "../domain/address.ts";
import { deliver } from "../engine/messages.ts";
import { waitFor } from "../engine/wakeups.ts";
import type { Log } from "../log.ts";
import { readForm } from "./body.ts";
import { requestId } from "./context.ts";
import { amountToType, isDecidable, linkPage, voteOf, type OpenedLink } from "./link-page.ts";
import { freshLinkSentPage, notFoundPage, PAGE_HEADERS, tooManyPage } from "./pages/index.ts";

/** Per client address and minute; a scanner that opens a link again and again is still answered. */
const VIEWS_A_MINUTE = 600;
const POSTS_A_MINUTE = 60;

const DECIDED_WITHIN_MS = 5_000;
const NEXT_WITHIN_MS = 1_000;

type LinkContext = Context & { params: Record<string, string> };

/** The approver's page. GET shows and never decides; POST decides once. */
export function linkRoutes(pool: Pool, log: Log): Router {
  const views = new RateLimiterMemory({ points: VIEWS_A_MINUTE, duration: 60 });
  const posts = new RateLimiterMemory({ points: POSTS_A_MINUTE, duration: 60 });
  return new Router()
    .get(
      "/a/:token",
      limited(views, (ctx) => show(ctx, pool)),
    )
    .post(
      "/a/:token",
      limited(posts, (ctx) => post(ctx, pool, log)),
    );
}

const limited =
  (limiter: RateLimiterMemory, handle: (ctx: LinkContext) => Promise<void>) => async (ctx: LinkContext) => {
    ctx.set(PAGE_HEADERS);
    ctx.type = "html";
    try {
      await limiter.consume(ctx.ip);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const retry_after_s = Math.ceil(refused.msBeforeNext / 1000);
      ctx.status = 429;
      ctx.set("Retry-After", String(retry_after_s));
      ctx.body = tooManyPage({ retry_after_s });
      return;
    }
    await handle(ctx);
  };

async function find(ctx: LinkContext, pool: Pool): Promise<OpenedLink | null> {
  const token = ctx.params["token"] ?? "";
  const link = TOKEN_PATTERN.test(token) ? await findLink(pool, tokenHash(token)) : null;
  const approval = link && (await getApproval(pool, link.approval_id));
  if (!link || !approval) {
    ctx.status = 404;
    ctx.body = notFoundPage();
    return null;
  }
  return { link, state: approval.state };
}

async function show(ctx: LinkContext, pool: Pool): Promise<void> {
  const found = await find(ctx, pool);
  if (found) ctx.body = await linkPage(pool, found);
}

async function post(ctx: LinkContext, pool: Pool, log: Log): Promise<void> {
  const form = await readForm(ctx);
  const found = await find(ctx, pool);
  if (!found) return;
  const { link, state } = found;
  if (form["action"] === "fresh_link") {
    const actor = { type: "approver", id: link.approver } as const;
    const message = { type: "resend", approver: link.approver, actor } as const;
    await deliver(pool, "approval", { to: state.id, message, key: `resend:link:${requestId(ctx)}` }, log);
    ctx.body = freshLinkSentPage({ to: link.approver });
    return;
  }
  const decision = decisionForm.safeParse(form);
  if (!decision.success) {
    ctx.status = 400;
    const error = decision.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ");
    ctx.body = await linkPage(pool, found, { error, comment: form["comment"] ?? "" });
    return;
  }
  const now = new Date();
  // The page carries the hash of what it showed; a form without one decides what this link was mailed for.
  const content_hash = decision.data.content_hash ?? state.content_hash;
  const { decision: verdict, comment } = decision.data;
  const cast = { decision: verdict, comment, content_hash, approver: link.approver };
  if (!isDecidable(found, now)) {
    ctx.body = await linkPage(pool, found);
    return;
  }
  if (voteObstacle(state, cast, now) === "superseded") {
    ctx.status = 409;
    ctx.body = await linkPage(pool, found, {
      error: "What is asked has changed since this page was opened. Please look again.",
    });
    return;
  }
  const wanted = amountToType(found);
  if (cast.decision === "approve" && wanted !== null && !isAmount(decision.data.confirm_amount, wanted)) {
    ctx.status = 400;
    ctx.body = await linkPage(pool, found, {
      error: `To approve, type the amount exactly: ${wanted}`,
      comment: form["comment"] ?? "",
    });
    return;
  }
  await castVote(pool, log, found, cast);
  const after = await getApproval(pool, state.id);
  ctx.body = await linkPage(pool, { link, state: after?.state ?? state }, { just_now: true });
}

/** People type amounts with and without separators; the digits and the decimal point must be the same. */
const isAmount = (typed: string | undefined, wanted: string): boolean =>
  typed !== undefined && typed.replaceAll(/[\s,']/g, "") === wanted.replaceAll(",", "");

type Cast = { decision: Vote["decision"]; comment: string | null; content_hash: string; approver: string };

/** Hands the vote to the approval's workflow and waits until it is counted, and a moment for what the order does next. */
async function castVote(pool: Pool, log: Log, { link, state }: OpenedLink, cast: Cast): Promise<void> {
  const actor = { type: "approver", id: link.approver } as const;
  const message = { type: "vote", via: "link", actor, ...cast } as const;
  const key = `vote:${state.id}:${link.gate}:${state.revision}:${normalisedAddress(link.approver)}`;
  await deliver(pool, "approval", { to: state.id, message, key }, log);
  const counted = async () => {
    const row = await getApproval(pool, state.id);
    return row && (voteOf({ link, state: row.state }) ?? row.state.status !== "pending") ? row.state : null;
  };
  const after = await waitFor(state.id, counted, { timeoutMs: DECIDED_WITHIN_MS });
  const { order_id } = state;
  if (!after || after.status === "pending" || order_id === null) return;
  const settled = async () => {
    const order = await getOrder(pool, state.tenant, order_id);
    return order?.state.ended_at || order?.state.status === "fulfilling" ? true : null;
  };
  await waitFor(order_id, settled, { timeoutMs: NEXT_WITHIN_MS });
}
