import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { Actor, AuditDraft } from "./audit-entry.ts";
import { normalisedAddress, type ApprovalPlan, type Gate, type SubjectKind } from "./policy.ts";
import { earliest, isDue, postponed, todo, worthTelling, type Todo } from "./todo.ts";

export const APPROVAL_STATUSES = [
  "pending",
  "approved",
  "rejected",
  "changes_requested",
  "expired",
  "withdrawn",
] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

export const DECISIONS = ["approve", "reject", "request_changes"] as const;
export type Decision = (typeof DECISIONS)[number];

/** What people are asked about: exactly what mail and page show, and what the vote's hash covers. */
export interface Subject {
  kind: SubjectKind;
  amount: number;
  currency: string;
  reference: string;
  description: string | null;
  customer: string | null;
  requested_by: string | null;
  reason: string | null;
  items: { sku: string; quantity: number; unit_amount: number }[];
  order_id: string;
}

export interface Vote {
  approver: string;
  decision: Decision;
  comment: string | null;
  at: string;
  gate: number;
  via: "link" | "api";
}

export type MailKind = "request" | "reminder" | "escalation" | "outcome";

export type ApprovalEffect =
  | { kind: "mail"; mail: MailKind; to: string; gate: number; number: number; at: string }
  | { kind: "report"; entries: AuditDraft[]; view: ApprovalView };

/** One approval, whole, as it is stored. */
export interface ApprovalState {
  id: string;
  tenant: string;
  order_id: string;
  refund_id: string | null;
  subject: Subject;
  content_hash: string;
  revision: number;
  plan: ApprovalPlan;
  status: ApprovalStatus;
  gate: number;
  votes: Vote[];
  /** People who were added to the open gate by escalation. */
  escalated_to: string[];
  reminded: boolean;
  escalated: boolean;
  gate_opened_at: string;
  deadline_at: string;
  /** How many mails each address got, so that each has a stable number. */
  mails: number;
  todo: Todo<ApprovalEffect>[];
  serial: number;
  created_at: string;
  concluded: { by: string; at: string; comment: string | null } | null;
}

/** What an order, a page and the API show of an approval. */
export interface ApprovalView {
  id: string;
  object: "approval";
  /** Rises with every report, so that one which comes again is known. */
  version: number;
  kind: SubjectKind;
  refund_id: string | null;
  status: ApprovalStatus;
  gate: string | null;
  needed: number;
  waiting_for: string[];
  votes: { approver: string; decision: Decision; comment: string | null; at: string }[];
  deadline_at: string;
  decided_by: string | null;
  decided_at: string | null;
}

export type ApprovalMessage =
  | { type: "opened" }
  | {
      type: "vote";
      approver: string;
      decision: Decision;
      comment: string | null;
      content_hash: string;
      via: "link" | "api";
      actor: Actor;
      /** By somebody whom the gate does not name, with the right to decide in anybody's place. */
      in_place?: boolean;
    }
  | { type: "withdraw"; reason: string }
  | { type: "resend"; approver: string; actor: Actor }
  | { type: "remind"; actor: Actor }
  | { type: "effect.done"; key: string; result: { kind: "mailed"; response: string } | { kind: "done" } }
  | { type: "effect.failed"; key: string; reason: string; code: string; retry: boolean }
  | { type: "clock" };

const SYSTEM: Actor = { type: "system", id: "countersign" };

/** SHA-256 over the canonical JSON of what is approved; mail, page and vote carry it. */
export const contentHash = (subject: Subject, revision: number): string =>
  createHash("sha256")
    .update(canonicalize({ subject, revision }) ?? "")
    .digest("hex");

export interface OpenApproval {
  id: string;
  tenant: string;
  order_id: string;
  refund_id: string | null;
  subject: Subject;
  plan: ApprovalPlan;
  /** When the authorization lapses; the deadline stays clear of it. */
  capture_before: string | null;
}

/** A new approval, before anybody was asked. */
export function newApproval(open: OpenApproval, now: Date): ApprovalState {
  const { capture_before, ...rest } = open;
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();
  const latest = capture_before
    ? new Date(Date.parse(capture_before) - open.plan.before_capture_deadline_s * 1000).toISOString()
    : null;
  return {
    ...rest,
    content_hash: contentHash(open.subject, 1),
    revision: 1,
    status: "pending",
    gate: 0,
    votes: [],
    escalated_to: [],
    reminded: false,
    escalated: false,
    gate_opened_at: now.toISOString(),
    deadline_at: earliest(later(open.plan.expire_after_s), latest) ?? later(open.plan.expire_after_s),
    mails: 0,
    todo: [],
    serial: 0,
    created_at: now.toISOString(),
    concluded: null,
  };
}

const openGate = (state: ApprovalState): Gate | null =>
  state.status === "pending" ? (state.plan.gates[state.gate] ?? null) : null;

/** Everybody who may decide at the open gate: its approvers and those it was escalated to. */
export const mayDecide = (state: ApprovalState): string[] => {
  const gate = openGate(state);
  return gate ? [...new Set([...gate.approvers, ...state.escalated_to])] : [];
};

export const approvalView = (state: ApprovalState): ApprovalView => {
  const gate = openGate(state);
  const voted = new Set(
    state.votes.filter((v) => v.gate === state.gate).map((v) => normalisedAddress(v.approver)),
  );
  return {
    id: state.id,
    object: "approval",
    version: state.serial,
    kind: state.subject.kind,
    refund_id: state.refund_id,
    status: state.status,
    gate: gate?.name ?? null,
    needed: gate?.need ?? 0,
    waiting_for: mayDecide(state).filter((address) => !voted.has(normalisedAddress(address))),
    votes: state.votes.map(({ approver, decision, comment, at }) => ({ approver, decision, comment, at })),
    deadline_at: state.deadline_at,
    decided_by: state.concluded?.by ?? null,
    decided_at: state.concluded?.at ?? null,
  };
};

/** Why this person's vote cannot be taken now; null when it can. */
export function voteObstacle(
  state: ApprovalState,
  vote: { approver: string; content_hash: string; in_place?: boolean },
): "concluded" | "requester" | "not_asked" | "already_voted" | "superseded" | null {
  const person = normalisedAddress(vote.approver);
  if (state.status !== "pending") return "concluded";
  if (state.subject.requested_by && normalisedAddress(state.subject.requested_by) === person)
    return "requester";
  if (!vote.in_place && !mayDecide(state).some((address) => normalisedAddress(address) === person))
    return "not_asked";
  if (state.votes.some((v) => v.gate === state.gate && normalisedAddress(v.approver) === person))
    return "already_voted";
  if (vote.content_hash !== state.content_hash) return "superseded";
  return null;
}

interface Step {
  state: ApprovalState;
  entries: AuditDraft[];
}

const withEntry = (step: Step, type: string, actor: Actor, data: Record<string, unknown>): Step => ({
  ...step,
  entries: [...step.entries, { type, actor, data: { approval_id: step.state.id, ...data } }],
});

function withTodo(step: Step, now: Date, effect: ApprovalEffect): Step {
  const serial = step.state.serial + 1;
  const work = todo(`${step.state.id}:${effect.kind}:${serial}`, effect, now);
  return { ...step, state: { ...step.state, serial, todo: [...step.state.todo, work] } };
}

const mailed = (step: Step, now: Date, mail: MailKind, people: string[]): Step =>
  people.reduce((s, to) => {
    const number = s.state.mails + 1;
    const counted = { ...s, state: { ...s.state, mails: number } };
    return withTodo(counted, now, {
      kind: "mail",
      mail,
      to,
      gate: s.state.gate,
      number,
      at: now.toISOString(),
    });
  }, step);

function askGate(step: Step, now: Date): Step {
  const gate = openGate(step.state);
  if (!gate) return step;
  const asked = withEntry(step, "approval.requested", SYSTEM, {
    gate: gate.name,
    asked: gate.approvers,
    needed: gate.need,
    of: step.state.subject.kind,
    amount: step.state.subject.amount,
    currency: step.state.subject.currency,
    policy_version: step.state.plan.policy_version,
    content_hash: step.state.content_hash,
    deadline_at: step.state.deadline_at,
  });
  return mailed(asked, now, "request", gate.approvers);
}

function conclude(step: Step, status: ApprovalStatus, actor: Actor, now: Date, comment: string | null): Step {
  const { requested_by } = step.state.subject;
  const state: ApprovalState = {
    ...step.state,
    status,
    concluded: { by: actor.id, at: now.toISOString(), comment },
    // Mails not yet sent would ask about something that is decided.
    todo: step.state.todo.filter((work) => work.effect.kind !== "mail"),
  };
  const told = withEntry({ ...step, state }, `approval.${status}`, actor, { comment });
  return requested_by && status !== "withdrawn" ? mailed(told, now, "outcome", [requested_by]) : told;
}

function onVote(step: Step, vote: Extract<ApprovalMessage, { type: "vote" }>, now: Date): Step {
  const obstacle = voteObstacle(step.state, vote);
  if (obstacle)
    return withEntry(step, "approval.vote_refused", vote.actor, {
      decision: vote.decision,
      because: obstacle,
    });
  const cast: Vote = {
    approver: vote.approver,
    decision: vote.decision,
    comment: vote.comment,
    at: now.toISOString(),
    gate: step.state.gate,
    via: vote.via,
  };
  const counted = withEntry(
    { ...step, state: { ...step.state, votes: [...step.state.votes, cast] } },
    "approval.voted",
    vote.actor,
    {
      decision: vote.decision,
      comment: vote.comment,
      gate: openGate(step.state)?.name ?? null,
      via: vote.via,
      ...(vote.in_place ? { in_place: true } : {}),
      content_hash: vote.content_hash,
    },
  );
  if (vote.decision === "reject") return conclude(counted, "rejected", vote.actor, now, vote.comment);
  if (vote.decision === "request_changes")
    return conclude(counted, "changes_requested", vote.actor, now, vote.comment);
  const { state } = counted;
  const approvals = state.votes.filter((v) => v.gate === state.gate && v.decision === "approve").length;
  if (approvals < (openGate(state)?.need ?? 1)) return counted;
  if (state.gate + 1 >= state.plan.gates.length)
    return conclude(counted, "approved", vote.actor, now, vote.comment);
  const next: ApprovalState = {
    ...state,
    gate: state.gate + 1,
    gate_opened_at: now.toISOString(),
    escalated_to: [],
    reminded: false,
    escalated: false,
    todo: state.todo.filter((work) => work.effect.kind !== "mail"),
  };
  return askGate({ ...counted, state: next }, now);
}

function onFailed(step: Step, failed: Extract<ApprovalMessage, { type: "effect.failed" }>, now: Date): Step {
  const work = step.state.todo.find((t) => t.key === failed.key);
  if (!work) return step;
  const to = work.effect.kind === "mail" ? work.effect.to : null;
  if (failed.retry || work.effect.kind === "report") {
    const again = postponed(work, now);
    // In its place: reports keep their order.
    const waiting = {
      ...step,
      state: { ...step.state, todo: step.state.todo.map((t) => (t === work ? again : t)) },
    };
    return worthTelling(again.attempts) && to
      ? withEntry(waiting, "mail.deferred", SYSTEM, {
          to,
          reason: failed.reason,
          attempts: again.attempts,
          retry_at: again.due_at,
        })
      : waiting;
  }
  const others = step.state.todo.filter((t) => t !== work);
  const dropped = withEntry({ ...step, state: { ...step.state, todo: others } }, "mail.refused", SYSTEM, {
    to,
    reason: failed.reason,
  });
  return work.effect.mail === "outcome"
    ? dropped
    : escalate(dropped, now, `mail to ${to ?? "an approver"} was refused`);
}

function escalate(step: Step, now: Date, because: string): Step {
  if (step.state.status !== "pending" || step.state.escalated) return step;
  const asked = mayDecide(step.state).map(normalisedAddress);
  const people = step.state.plan.escalate_to.filter((address) => !asked.includes(normalisedAddress(address)));
  const state = { ...step.state, escalated: true, escalated_to: people };
  if (people.length === 0) return { ...step, state };
  const told = withEntry({ ...step, state }, "approval.escalated", SYSTEM, { to: people, because });
  return mailed(told, now, "escalation", people);
}

/** Once the deadline has passed nothing counts any more, however late we look: the authorization may lapse. */
const onDeadline = (step: Step, now: Date): Step =>
  step.state.status === "pending" && Date.parse(step.state.deadline_at) <= now.getTime()
    ? conclude(step, "expired", SYSTEM, now, null)
    : step;

/** What the clock brings: a reminder, an escalation. */
function onClock(step: Step, now: Date): Step {
  const { state } = step;
  if (state.status !== "pending") return step;
  const times = nextTimes(state);
  const reached = (time: string | null) => time !== null && Date.parse(time) <= now.getTime();
  if (reached(times.remind_at)) {
    const reminded = { ...step, state: { ...state, reminded: true } };
    const people = approvalView(state).waiting_for;
    return onClock(
      mailed(withEntry(reminded, "approval.reminded", SYSTEM, { asked: people }), now, "reminder", people),
      now,
    );
  }
  if (reached(times.escalate_at)) return escalate(step, now, "nobody decided in time");
  return step;
}

/** What happens next to an open approval, and when; null for what already happened. A short time is shared out. */
export function nextTimes(state: ApprovalState): {
  remind_at: string | null;
  escalate_at: string | null;
  deadline_at: string | null;
} {
  if (state.status !== "pending") return { remind_at: null, escalate_at: null, deadline_at: null };
  const opened = Date.parse(state.gate_opened_at);
  const left = Math.max(Date.parse(state.deadline_at) - opened, 0);
  const after = (seconds: number, share: number) =>
    new Date(opened + Math.min(seconds * 1000, left * share)).toISOString();
  return {
    remind_at: state.reminded ? null : after(state.plan.remind_after_s, 1 / 2),
    escalate_at: state.escalated ? null : after(state.plan.escalate_after_s, 3 / 4),
    deadline_at: state.deadline_at,
  };
}

function onMessage(step: Step, message: ApprovalMessage, now: Date): Step {
  const { state } = step;
  switch (message.type) {
    case "opened":
      return state.serial === 0 ? askGate(step, now) : step;
    case "vote":
      return onVote(step, message, now);
    case "withdraw":
      return state.status === "pending" ? conclude(step, "withdrawn", SYSTEM, now, message.reason) : step;
    case "resend": {
      const person = normalisedAddress(message.approver);
      const to = mayDecide(state).find((address) => normalisedAddress(address) === person);
      return to
        ? mailed(withEntry(step, "approval.resent", message.actor, { to }), now, "request", [to])
        : step;
    }
    case "remind": {
      if (state.status !== "pending") return step;
      const people = approvalView(state).waiting_for;
      return mailed(
        withEntry(step, "approval.reminded", message.actor, { asked: people }),
        now,
        "reminder",
        people,
      );
    }
    case "effect.done": {
      const work = state.todo.find((t) => t.key === message.key);
      if (!work) return step;
      const rest = { ...step, state: { ...state, todo: state.todo.filter((t) => t.key !== message.key) } };
      return work.effect.kind === "mail"
        ? withEntry(rest, "mail.sent", SYSTEM, {
            to: work.effect.to,
            mail: work.effect.mail,
            attempts: work.attempts + 1,
          })
        : rest;
    }
    case "effect.failed":
      return onFailed(step, message, now);
    case "clock":
      return step;
  }
}

/**
 * Decides one message. Total: what no longer applies changes nothing. What happened is reported to the order (whose trail
 * and state only the order's own workflow writes) as one more piece of work.
 */
export function decideApproval(state: ApprovalState, message: ApprovalMessage, now: Date): ApprovalState {
  const step = onClock(onMessage(onDeadline({ state, entries: [] }, now), message, now), now);
  return step.entries.length === 0 && step.state.status === state.status
    ? step.state
    : withTodo(step, now, { kind: "report", entries: step.entries, view: approvalView(step.state) }).state;
}

/** When it must be looked at next, though no message comes. */
export function approvalWakeAt(state: ApprovalState): string | null {
  const times = nextTimes(state);
  return earliest(
    times.remind_at,
    times.escalate_at,
    times.deadline_at,
    ...inTurn(state).map((work) => work.due_at),
  );
}

/** Reports go one at a time, so that the order hears them in the order in which they happened. */
function inTurn({ todo: works }: ApprovalState): Todo<ApprovalEffect>[] {
  const report = works.find((work) => work.effect.kind === "report");
  return works.filter((work) => work.effect.kind === "mail" || work === report);
}

/** What is to be done now. */
export const approvalDue = (state: ApprovalState, now: Date): Todo<ApprovalEffect>[] =>
  inTurn(state).filter((work) => isDue(work, now));

/** Nothing is expected any more: decided, and everybody was told. */
export const isApprovalAtRest = (state: ApprovalState): boolean =>
  state.status !== "pending" && state.todo.length === 0;
