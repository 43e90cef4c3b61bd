import { insertLink } from "../db/approval-links.ts";
import { getApproval } from "../db/approvals.ts";
import type { Pool } from "../db/pool.ts";
import type { ApprovalEffect, ApprovalMessage, ApprovalState } from "../domain/approval.ts";
import { whyAsked } from "../domain/approval-people.ts";
import { consequence, nextSteps } from "../domain/approval-steps.ts";
import { timeZoneOf } from "../domain/approval-times.ts";
import { linkToken, tokenHash, type LinkSecret } from "../domain/approval-token.ts";
import { normalisedAddress } from "../domain/address.ts";
import { deliver } from "../engine/messages.ts";
import type { Log } from "../log.ts";
import {
  escalationMail,
  outcomeMail,
  noticeMail,
  reminderMail,
  requestMail,
  unreachableMail,
  type AskView,
  type MailContent,
  type NoticeReason,
} from "../mail/templates/index.ts";
import type { SentMail } from "../mail/return-path.ts";
import type { Mailer } from "../mail/transport.ts";
import { openCallbackSecret } from "../outbound/callback-secret.ts";
import type { Seal } from "../seal.ts";
import { send, webhookBody, type OutboundRules } from "../outbound/send.ts";
import { MailError } from "./mail-error.ts";

export interface ApprovalEffectDeps {
  pool: Pool;
  mailer: Mailer;
  /** Where each mail comes back to; null: to the sender. */
  returnPathOf: ((mail: SentMail) => string) | null;
  /** Links are signed with this one. */
  linkSecret: LinkSecret;
  publicUrl: string;
  /** Who is told that an approver cannot be reached; null: the log alone. */
  operator: string | null;
  /** Where outcomes may be posted to. */
  outbound: OutboundRules;
  /** Opens what signs them. */
  seal: Seal;
  log: Log;
}

type Done = Extract<ApprovalMessage, { type: "effect.done" }>["result"];
type MailEffect = Extract<ApprovalEffect, { kind: "mail" }>;

/** Performs one effect of an approval; repeated, the mail is the same mail and the report the same message. */
export async function performApprovalEffect(
  deps: ApprovalEffectDeps,
  id: string,
  key: string,
  effect: ApprovalEffect,
): Promise<Done> {
  const row = await getApproval(deps.pool, id);
  if (!row) throw new Error(`approval ${id} does not exist`);
  if (effect.kind === "report") {
    if (row.state.order_id === null) return { kind: "done" };
    const message = { type: "approval.reported", approval: effect.view, entries: effect.entries } as const;
    await deliver(deps.pool, "order", { to: row.state.order_id, message, key }, deps.log);
    return { kind: "done" };
  }
  if (effect.kind === "callback") return callBack(deps, row.state, effect);
  if (effect.kind === "alert_operator") return alertOperator(deps, row.state, key, effect);
  return mail(deps, row.state, key, effect);
}

/** The same id and data at every try; only time and signature are fresh. */
async function callBack(
  { outbound, seal }: ApprovalEffectDeps,
  { id, callback, subject, refund_id, order_id }: ApprovalState,
  { event, at, view }: Extract<ApprovalEffect, { kind: "callback" }>,
): Promise<Done> {
  if (callback === null) return { kind: "done" };
  const body = webhookBody(event, at, { ...view, order_id, refund_id, subject });
  const { url } = callback;
  const secret = openCallbackSecret(seal, id, callback.secret);
  const sent = await send({ url, secrets: [secret], id: `${id}.${event}`, body }, outbound);
  if (sent.outcome === "accepted") return { kind: "done" };
  throw new CallbackError(sent.reason, sent.retry);
}

/** An address that did not take the outcome. */
class CallbackError extends Error {
  override readonly name = "CallbackError";
  readonly code = "callback_failed";
  readonly retry: boolean;

  constructor(reason: string, retry: boolean) {
    super(reason);
    this.retry = retry;
  }
}

async function alertOperator(
  { operator, mailer, log }: ApprovalEffectDeps,
  { id, subject }: ApprovalState,
  key: string,
  { to, reason, at }: Extract<ApprovalEffect, { kind: "alert_operator" }>,
): Promise<Done> {
  log.warn({ approval_id: id, to }, `an approver cannot be reached: ${reason}`);
  if (operator === null) return { kind: "done" };
  const sent = await mailer.send({
    ...unreachableMail({ asked: subject, to, reason, at }),
    to: operator,
    messageId: `<${key.replaceAll(":", ".")}@countersign>`,
    date: at,
  });
  if (sent.outcome === "accepted") return { kind: "done" };
  throw new MailError(sent.reason, sent.outcome === "deferred");
}

async function mail(
  deps: ApprovalEffectDeps,
  state: ApprovalState,
  key: string,
  effect: MailEffect,
): Promise<Done> {
  // Decided or changed while this was under way: the mail would ask about something else than its link is for.
  const isWanted = effect.mail === "notice" || state.todo.some((work) => work.key === key);
  const content = isWanted ? contentOf(state, effect, await linkFor(deps, state, effect)) : null;
  if (content === null) return { kind: "done" };
  const thread = `<${state.id}@countersign>`;
  const returnPath = deps.returnPathOf?.({ approval_id: state.id, number: effect.number, to: effect.to });
  const sent = await deps.mailer.send({
    ...content,
    to: effect.to,
    messageId: `<${state.id}.${effect.number}@countersign>`,
    inReplyTo: thread,
    references: [thread],
    date: effect.at,
    ...(returnPath === undefined ? {} : { returnPath }),
  });
  switch (sent.outcome) {
    case "accepted":
      return { kind: "mailed", response: sent.response };
    case "deferred":
      throw new MailError(sent.reason, true);
    case "refused":
      throw new MailError(sent.reason, false);
  }
}

/** The approver's own link. Only a hash of its token is kept, before the mail that carries it goes out. */
async function linkFor(
  { pool, linkSecret, publicUrl }: ApprovalEffectDeps,
  state: ApprovalState,
  effect: MailEffect,
): Promise<string> {
  const link = {
    approval_id: state.id,
    gate: effect.gate,
    revision: effect.revision,
    approver: effect.to,
    // One link per approver, gate and revision, however often it is mailed.
    number: 1,
  };
  const token = linkToken(linkSecret, link);
  if (effect.mail !== "outcome" && effect.mail !== "notice") await insertLink(pool, tokenHash(token), link);
  return `${publicUrl}/a/${token}`;
}

/** Null: there is nothing to say any more. */
function contentOf(state: ApprovalState, effect: MailEffect, link: string): MailContent | null {
  const { mail: kind, to } = effect;
  const time_zone = timeZoneOf(state, to);
  const zoned = time_zone === undefined ? {} : { time_zone };
  if (kind === "outcome" && state.status === "pending") return null;
  if (kind === "outcome" && state.status !== "pending")
    return outcomeMail({
      ...zoned,
      asked: state.subject,
      status: state.status,
      votes: state.votes,
      decided_by: state.votes.some((v) => v.approver === state.concluded?.by)
        ? (state.concluded?.by ?? null)
        : null,
      decided_at: state.concluded?.at ?? state.created_at,
      comment: state.concluded?.comment ?? null,
      next: [{ when: "then", what: consequence(state) }],
    });
  if (kind === "notice")
    return noticeMail({
      ...zoned,
      asked: state.subject,
      approver: to,
      at: effect.at,
      reason: noticeReason(state, effect),
    });
  const view = { ...zoned, ...askView(state, effect, link) };
  switch (kind) {
    case "reminder":
      return reminderMail({ ...view, asked_at: askedAt(state, to) });
    case "escalation":
      return escalationMail({
        ...view,
        // Absent in what was asked for before reasons were kept.
        because: effect.because ?? "nobody has decided so far",
        asked_before: askedBefore(state, effect),
      });
    default:
      return requestMail(view);
  }
}

/** When the person got their place at the open gate. */
const askedAt = ({ people, gate, asked_from }: ApprovalState, person: string): string =>
  people.findLast((change) => change.gate === gate && change.to !== null && isSame(change.to, person))?.at ??
  asked_from;

/** Everybody who was asked at the gate before it was escalated. */
const askedBefore = ({ asked, escalated_to }: ApprovalState, { gate }: MailEffect): string[] =>
  asked
    .filter((ask) => ask.gate === gate && !escalated_to.some((person) => isSame(person, ask.person)))
    .map((ask) => ask.person);

const isSame = (a: string, b: string): boolean => normalisedAddress(a) === normalisedAddress(b);

function noticeReason(state: ApprovalState, { notice }: MailEffect): NoticeReason {
  if (notice === undefined) return { kind: "revoked" };
  return notice.kind === "superseded"
    ? { kind: "superseded", changes: state.amendments.at(-1)?.changes ?? [] }
    : notice;
}

function askView(state: ApprovalState, effect: MailEffect, link: string): AskView {
  const gate = state.plan.gates[effect.gate] ?? { name: "approval", need: 1, approvers: [effect.to] };
  return {
    asked: state.subject,
    approver: effect.to,
    gate,
    stage: { number: effect.gate + 1, of: state.plan.gates.length },
    votes: state.votes.filter((vote) => vote.revision === state.revision),
    changes: state.amendments.at(-1)?.changes ?? [],
    deadline_at: state.deadline_at,
    link,
    next: nextSteps(state),
    content_hash: state.content_hash,
    why: whyAsked(state, effect.to, new Date(effect.at)),
  };
}
