import Router from "@koa/router";
import type { Context } from "koa";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { decisionForm } from "../contract/approvals.ts";
import { findLink } from "../db/approval-links.ts";
import { getApproval } from "../db/approvals.ts";
import { getOrder } from "../db/orders.ts";
import type { Pool } from "../db/pool.ts";
import type { Vote } from "../domain/approval.ts";
import type { Actor } from "../domain/audit-entry.ts";
import { decideApproval } from "../domain/approval-decide.ts";
import { TOKEN_PATTERN, tokenHash } from "../domain/approval-token.ts";
import { normalisedAddress } from "../domain/address.ts";
import { readAmount } from "../domain/typed-amount.ts";
import { deliver } from "../engine/messages.ts";
import { waitFor } from "../engine/wakeups.ts";
import { alsoAbout, type Log } from "../log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { readForm } from "./body.ts";
import { requestId } from "./context.ts";
import { hasFollowed } from "./link-aftermath.ts";
import { amountToType, freshLinkTo, isDecidable, linkPage, voteOf, type OpenedLink } from "./link-page.ts";
import {
  freshLinkLaterPage,
  freshLinkSentPage,
  notFoundPage,
  PAGE_HEADERS,
  takenPage,
  tooManyPage,
} from "./pages/index.ts";
import { isScripted } from "./same-site.ts";

/** Per client address and minute. A company's people and scanners come from one address, and are all answered. */
const REQUESTS_A_MINUTE = 600;
/** Per link and minute. */
const POSTS_A_MINUTE = 30;
/** Per approval and approver: enough for whoever loses a mail, too little to fill a mailbox. */
const FRESH_LINKS_AN_HOUR = 3;

const DECIDED_WITHIN_MS = 5_000;
const NEXT_WITHIN_MS = 800;

type LinkContext = Context & { params: Record<string, string> };

export interface LinkDeps {
  pool: Pool;
  log: Log;
  metrics: Pick<Metrics, "clicks">;
}

interface Deps extends LinkDeps {
  freshLinks: RateLimiterMemory;
}

/** The approver's page. GET shows and never decides; POST decides once. */
export function linkRoutes({ pool, log, metrics }: LinkDeps): Router {
  const requests = new RateLimiterMemory({ points: REQUESTS_A_MINUTE, duration: 60 });
  const posts = new RateLimiterMemory({ points: POSTS_A_MINUTE, duration: 60 });
  const freshLinks = new RateLimiterMemory({ points: FRESH_LINKS_AN_HOUR, duration: 3_600 });
  const deps = { pool, log, metrics, freshLinks };
  return new Router()
    .get(
      "/a/:token",
      limited(requests, addressOf, (ctx) => show(ctx, pool)),
    )
    .post(
      "/a/:token",
      limited(
        requests,
        addressOf,
        limited(posts, linkOf, (ctx) => post(ctx, deps)),
      ),
    );
}

/** For how many seconds this key has to wait; null: it need not. */
async function refusedFor(limiter: RateLimiterMemory, key: string): Promise<number | null> {
  try {
    await limiter.consume(key);
    return null;
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    return Math.ceil(refused.msBeforeNext / 1000);
  }
}

const addressOf = (ctx: LinkContext): string => ctx.ip;
const linkOf = (ctx: LinkContext): string => tokenHash(ctx.params["token"] ?? "");

const limited =
  (
    limiter: RateLimiterMemory,
    keyOf: (ctx: LinkContext) => string,
    handle: (ctx: LinkContext) => Promise<void>,
  ) =>
  async (ctx: LinkContext) => {
    ctx.set(PAGE_HEADERS);
    ctx.type = "html";
    const retry_after_s = await refusedFor(limiter, keyOf(ctx));
    if (retry_after_s === null) return handle(ctx);
    refuse(ctx, retry_after_s, tooManyPage({ retry_after_s }));
  };

function refuse(ctx: LinkContext, retry_after_s: number, page: string): void {
  ctx.status = 429;
  ctx.set("Retry-After", String(retry_after_s));
  ctx.body = page;
}

/** Who the link is for, and the approval as its rules see it at this moment. */
async function find(ctx: LinkContext, pool: Pool): Promise<OpenedLink | null> {
  const token = ctx.params["token"] ?? "";
  const link = TOKEN_PATTERN.test(token) ? await findLink(pool, tokenHash(token)) : null;
  const approval = link && (await getApproval(pool, link.approval_id));
  if (!link || !approval) {
    ctx.status = 404;
    ctx.body = notFoundPage();
    return null;
  }
  const { id, order_id } = approval.state;
  alsoAbout({ approval_id: id, ...(order_id === null ? {} : { order_id }) });
  // The deadline holds although the workflow may not have noticed it yet.
  return { link, state: decideApproval(approval.state, { type: "clock" }, new Date()) };
}

async function show(ctx: LinkContext, pool: Pool): Promise<void> {
  const found = await find(ctx, pool);
  if (found) ctx.body = await linkPage(pool, found);
}

async function post(ctx: LinkContext, deps: Deps): Promise<void> {
  const form = await readForm(ctx);
  const { pool } = deps;
  const found = await find(ctx, pool);
  if (!found) return;
  if (form["action"] === "fresh_link") return mailFreshLink(ctx, deps, found);
  // A browser counts a line break as one character and sends two.
  const comment = (form["comment"] ?? "").replaceAll("\r\n", "\n");
  const again = async (error: string) => {
    ctx.status = 400;
    ctx.body = await linkPage(pool, found, { error, comment });
  };
  const parsed = decisionForm.safeParse({ ...form, comment });
  if (!parsed.success)
    return again(parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; "));
  if (isScripted(ctx.req)) return again("This was not sent by a click. Please choose with the button.");
  const decision = parsed.data;
  if (!isDecidable(found, new Date())) return showDecided(ctx, pool, found, decision.decision);
  const { state } = found;
  if (decision.content_hash !== undefined && decision.content_hash !== state.content_hash) {
    ctx.status = 409;
    const error = "What is asked has changed since this page was opened. Please look again.";
    ctx.body = await linkPage(pool, found, { error, comment });
    return;
  }
  const amount = amountToType(found);
  if (decision.decision === "approve" && amount !== null && !isAmount(decision.confirm_amount, found))
    return again(`To approve, type the amount: ${amount}`);
  const counted = deps.metrics.clicks.startTimer();
  const after = await castVote(deps, found, { decision: decision.decision, comment: decision.comment });
  counted();
  if (after) return showDecided(ctx, pool, after, decision.decision, true);
  ctx.status = 202;
  ctx.body = takenPage();
}

const isAmount = (typed: string | undefined, { state: { subject } }: OpenedLink): boolean =>
  typed !== undefined && subject.currency !== null && readAmount(typed, subject.currency) === subject.amount;

/** What has become of it, for whoever sent a decision: taken, taken before, or too late. */
async function showDecided(
  ctx: LinkContext,
  pool: Pool,
  opened: OpenedLink,
  decision: Vote["decision"],
  just_now = false,
): Promise<void> {
  const counts = voteOf(opened)?.decision === decision && opened.link.revision === opened.state.revision;
  if (!counts) ctx.status = 409;
  ctx.body = await linkPage(pool, opened, { just_now: just_now && counts, too_late: !counts });
}

/** How the trail names whoever opened a link: by the number of the mail that it came in. */
const clickOn = ({ approver, number }: OpenedLink["link"]): Actor => ({
  type: "approver",
  id: approver,
  source: `link ${number}`,
});

/** Mails the approver on file the link that decides now. No address is taken from the request. */
async function mailFreshLink(
  ctx: LinkContext,
  { pool, log, freshLinks }: Deps,
  found: OpenedLink,
): Promise<void> {
  const { link, state } = found;
  const to = freshLinkTo(found, new Date());
  if (to === null) {
    ctx.status = 409;
    ctx.body = await linkPage(pool, found);
    return;
  }
  const retry_after_s = await refusedFor(freshLinks, `${state.id}:${normalisedAddress(to)}`);
  if (retry_after_s !== null) return refuse(ctx, retry_after_s, freshLinkLaterPage({ to, retry_after_s }));
  const message = { type: "resend", approver: to, actor: clickOn(link) } as const;
  await deliver(pool, "approval", { to: state.id, message, key: `resend:link:${requestId(ctx)}` }, log);
  ctx.body = freshLinkSentPage({ to });
}

type Cast = Pick<Vote, "decision" | "comment">;

/**
 * Hands the vote to the approval's workflow and waits until it is counted or refused, and a moment for what the order
 * does next.
 * @returns null when neither happened in time
 */
async function castVote({ pool, log }: Deps, opened: OpenedLink, cast: Cast): Promise<OpenedLink | null> {
  const { link, state } = opened;
  const { approver, gate, revision } = link;
  const message = {
    ...({ type: "vote", via: "link", actor: clickOn(link) } as const),
    ...{ ...cast, approver, gate, content_hash: state.content_hash },
  };
  // A second click is the same message; a decision after the first one was refused is another.
  const key = `vote:${state.id}:${gate}:${revision}:${normalisedAddress(approver)}:${state.serial}`;
  await deliver(pool, "approval", { to: state.id, message, key }, log);
  const answered = async (): Promise<OpenedLink | null> => {
    const row = await getApproval(pool, state.id);
    const now = row && { link, state: row.state };
    return now && !isDecidable(now, new Date()) ? now : null;
  };
  const after = await waitFor(state.id, answered, { timeoutMs: DECIDED_WITHIN_MS });
  if (after) await seeOrder(pool, after);
  return after;
}

/** Waits a moment for the order to do what was decided. */
async function seeOrder(pool: Pool, { state }: OpenedLink): Promise<void> {
  const { order_id, status, subject, tenant } = state;
  if (order_id === null || subject.kind !== "order" || (status !== "approved" && status !== "rejected"))
    return;
  const followed = async () => {
    const order = await getOrder(pool, tenant, order_id);
    return order && hasFollowed(order) ? true : null;
  };
  await waitFor(order_id, followed, { timeoutMs: NEXT_WITHIN_MS });
}
