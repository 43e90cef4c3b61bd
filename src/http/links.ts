import Router from "@koa/router";
import type { Context } from "koa";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { decisionForm } from "../contract/approvals.ts";
import { findLink, type ApprovalLink } from "../db/approval-links.ts";
import { getApproval } from "../db/approvals.ts";
import { getOrder } from "../db/orders.ts";
import type { Pool } from "../db/pool.ts";
import { approvalView, mayDecide, voteObstacle, type ApprovalState, type Vote } from "../domain/approval.ts";
import { TOKEN_PATTERN, tokenHash } from "../domain/approval-token.ts";
import { formatMoney } from "../domain/money.ts";
import { normalisedAddress } from "../domain/policy.ts";
import { nextSteps, type NextStep } from "../domain/approval-steps.ts";
import { deliver } from "../engine/messages.ts";
import { waitFor } from "../engine/wakeups.ts";
import type { Log } from "../log.ts";
import { readForm } from "./body.ts";
import { requestId } from "./context.ts";
import {
  confirmPage,
  decidedPage,
  expiredPage,
  freshLinkSentPage,
  notFoundPage,
  PAGE_HEADERS,
  revokedPage,
  tooManyPage,
} from "./pages/index.ts";

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

interface Found {
  link: ApprovalLink;
  state: ApprovalState;
}

async function find(ctx: LinkContext, pool: Pool): Promise<Found | null> {
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
  if (found) ctx.body = await page(pool, found);
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
    ctx.body = await page(pool, found, { error, comment: form["comment"] ?? "" });
    return;
  }
  // The page carries the hash of what it showed; a form without one decides what this link was mailed for.
  const content_hash = decision.data.content_hash ?? state.content_hash;
  const cast = { ...decision.data, content_hash, approver: link.approver };
  if (!decidable(found)) {
    ctx.body = await page(pool, found);
    return;
  }
  if (voteObstacle(state, cast) === "superseded") {
    ctx.status = 409;
    ctx.body = await page(pool, found, {
      error: "What is asked has changed since this page was opened. Please look again.",
    });
    return;
  }
  await castVote(pool, log, found, cast);
  const after = await getApproval(pool, state.id);
  ctx.body = await page(pool, { link, state: after?.state ?? state }, { just_now: true });
}

type Cast = { decision: Vote["decision"]; comment: string | null; content_hash: string; approver: string };

/** Hands the vote to the approval's workflow and waits until it is counted, and a moment for what the order does next. */
async function castVote(pool: Pool, log: Log, { link, state }: Found, cast: Cast): Promise<void> {
  const actor = { type: "approver", id: link.approver } as const;
  const message = { type: "vote", via: "link", actor, ...cast } as const;
  const key = `vote:${state.id}:${link.gate}:${state.revision}:${normalisedAddress(link.approver)}`;
  await deliver(pool, "approval", { to: state.id, message, key }, log);
  const counted = async () => {
    const row = await getApproval(pool, state.id);
    return row && (voteOf({ link, state: row.state }) ?? row.state.status !== "pending") ? row.state : null;
  };
  const after = await waitFor(state.id, counted, { timeoutMs: DECIDED_WITHIN_MS });
  if (!after || after.status === "pending") return;
  const settled = async () => {
    const order = await getOrder(pool, state.tenant, state.order_id);
    return order?.state.ended_at || order?.state.status === "fulfilling" ? true : null;
  };
  await waitFor(state.order_id, settled, { timeoutMs: NEXT_WITHIN_MS });
}

const voteOf = ({ link, state }: Found): Vote | undefined =>
  state.votes.find(
    (v) => v.gate === link.gate && normalisedAddress(v.approver) === normalisedAddress(link.approver),
  );

const decidable = ({ link, state }: Found): boolean =>
  state.status === "pending" &&
  link.gate === state.gate &&
  link.revision === state.revision &&
  voteOf({ link, state }) === undefined &&
  mayDecide(state).some((address) => normalisedAddress(address) === normalisedAddress(link.approver));

interface Extra {
  error?: string;
  comment?: string;
  just_now?: boolean;
}

/** The page that fits what has become of the question. */
async function page(
  pool: Pool,
  found: Found,
  { error, comment, just_now = false }: Extra = {},
): Promise<string> {
  const { link, state } = found;
  const asked = state.subject;
  const gate = state.plan.gates[link.gate];
  if (decidable(found) && gate)
    return confirmPage({
      asked,
      approver: link.approver,
      gate,
      stage: { number: link.gate + 1, of: state.plan.gates.length },
      votes: state.votes,
      deadline_at: state.deadline_at,
      next: nextSteps(state),
      content_hash: state.content_hash,
      ...(error === undefined ? {} : { error }),
      ...(comment === undefined ? {} : { comment }),
    });
  const happened = await whatHappened(pool, state);
  const ended = { asked, at: state.concluded?.at ?? state.deadline_at, fresh_link: null, happened };
  if (state.status === "expired") return expiredPage({ ...ended, because: "approval" });
  if (state.status === "withdrawn")
    return revokedPage({
      ...ended,
      because: { kind: "withdrawn", reason: state.concluded?.comment ?? "it is no longer needed" },
    });
  const own = voteOf(found);
  const vote = own ?? state.votes.findLast((v) => v.gate === link.gate) ?? state.votes.at(-1) ?? null;
  if (vote === null) return revokedPage({ ...ended, because: { kind: "revoked" } });
  return decidedPage({
    asked,
    status: state.status,
    vote,
    yours: own !== undefined,
    just_now,
    votes: state.votes.filter((v) => v !== vote),
    happened,
    next: state.status === "pending" ? waiting(state) : [],
  });
}

const waiting = (state: ApprovalState): NextStep[] => [
  { when: "then", what: `${approvalView(state).waiting_for.join(", ")} decide` },
  ...nextSteps(state),
];

/** What the order did since, in a line. */
async function whatHappened(pool: Pool, state: ApprovalState): Promise<NextStep[]> {
  const order = await getOrder(pool, state.tenant, state.order_id);
  if (!order || state.status === "pending") return [];
  const { status, facts, payment } = order.state;
  const captured = formatMoney({ amount: payment.amount_captured, currency: facts.currency });
  const what =
    payment.amount_captured > 0
      ? `${captured} was captured; the order is ${status.replaceAll("_", " ")}`
      : payment.status === "canceled"
        ? `the authorization was released and nothing was charged; the order is ${status.replaceAll("_", " ")}`
        : `the order is ${status.replaceAll("_", " ")}`;
  return [{ when: order.updated_at.toISOString(), what }];
}
