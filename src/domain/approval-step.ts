import {
  type ApprovalEffect,
  type ApprovalState,
  type ApprovalStatus,
  type NoticeKind,
  isAmendable,
} from "./approval.ts";
import { openGate, openSeats, seatsOf } from "./approval-seats.ts";
import type { Actor, AuditDraft } from "./audit-entry.ts";
import { normalisedAddress } from "./address.ts";
import { calendarOf } from "./policy.ts";
import { todo } from "./todo.ts";
import { nextWorkingTime } from "./working-hours.ts";

export const SYSTEM: Actor = { type: "system", id: "countersign" };

/** A state on its way to the next, with what there is to tell. Every rule takes one and returns one. */
export interface Step {
  state: ApprovalState;
  entries: AuditDraft[];
  now: Date;
}

export const set = (step: Step, change: Partial<ApprovalState>): Step => ({
  ...step,
  state: { ...step.state, ...change },
});

export const tell = (step: Step, type: string, actor: Actor, data: Record<string, unknown>): Step => ({
  ...step,
  entries: [...step.entries, { type, actor, data: { approval_id: step.state.id, ...data } }],
});

/** Asks for work, not before `dueAt`. */
export function ask(step: Step, effect: ApprovalEffect, dueAt = step.now): Step {
  const serial = step.state.serial + 1;
  const work = todo(`${step.state.id}:${effect.kind}:${serial}`, effect, dueAt);
  return set(step, { serial, todo: [...step.state.todo, work] });
}

type Mail = Extract<ApprovalEffect, { kind: "mail" }>;

/** Mails each of these people; a mail's number never changes, so that a repeated mail is the same mail. */
export const mail = (
  step: Step,
  kind: Mail["mail"],
  people: readonly string[],
  { notice, because }: { notice?: NoticeKind; because?: string } = {},
): Step =>
  people.reduce((s, to) => {
    const number = s.state.mails + 1;
    const dueAt = mailTime(step, kind, to);
    const work = {
      kind: "mail" as const,
      mail: kind,
      to,
      gate: s.state.gate,
      revision: s.state.revision,
      number,
      at: dueAt.toISOString(),
      ...(notice ? { notice } : {}),
      ...(because === undefined ? {} : { because }),
    };
    return ask(set(s, { mails: number }), work, dueAt);
  }, step);

/**
 * When a mail goes out: in the person's working hours, but never so late that less than half of the time to decide is left.
 * What only informs goes at once.
 */
function mailTime({ state, now }: Step, kind: Mail["mail"], person: string): Date {
  if (kind === "outcome" || kind === "notice") return now;
  const calendar = calendarOf(state.plan, person);
  const half = now.getTime() + Math.max(Date.parse(state.deadline_at) - now.getTime(), 0) / 2;
  return new Date(Math.min(nextWorkingTime(calendar, now).getTime(), half));
}

/** Asks whoever holds a place at the open gate and has not been asked yet. */
export function askNewcomers(step: Step): Step {
  const { state, now } = step;
  const known = state.asked.filter((ask) => ask.gate === state.gate).map((ask) => ask.person);
  const fresh = distinct(openSeats(state, now).map((seat) => seat.mailed)).filter(
    (person) => !known.some((other) => isSame(other, person)),
  );
  return fresh.length === 0 ? step : mail(noted(step, fresh), "request", fresh);
}

/** Keeps who has been asked at the open gate. */
export const noted = (step: Step, people: string[]): Step =>
  set(step, {
    asked: [...step.state.asked, ...people.map((person) => ({ gate: step.state.gate, person }))],
  });

const isSame = (a: string, b: string): boolean => normalisedAddress(a) === normalisedAddress(b);

const distinct = (people: string[]): string[] =>
  people.filter((person, i) => people.findIndex((other) => isSame(other, person)) === i);

/**
 * Everybody who was asked in this revision, at the open gate or one before: they have a link in their mailbox. Whose place was
 * taken away has been told so.
 */
export const wereAsked = ({ asked, people }: ApprovalState): string[] =>
  distinct(
    asked
      .filter(({ gate, person }) => {
        const last = people.findLast(
          (change) =>
            change.gate === gate &&
            (isSame(change.from, person) || (change.to !== null && isSame(change.to, person))),
        );
        return last === undefined || !isSame(last.from, person);
      })
      .map((ask) => ask.person),
  );

export function openTheGate(step: Step): Step {
  const gate = openGate(step.state);
  if (!gate) return step;
  const { subject, plan } = step.state;
  const people = seatsOf(step.state, step.now).map((seat) => seat.mailed);
  const times = people.map((person) => mailTime(step, "request", person).getTime());
  const asked_from = new Date(Math.min(...times, ...(times.length > 0 ? [] : [step.now.getTime()])));
  return askNewcomers(
    tell(set(step, { asked_from: asked_from.toISOString() }), "approval.requested", SYSTEM, {
      gate: gate.name,
      asked: people,
      because: plan.because ?? null,
      needed: gate.need,
      of: subject.kind,
      amount: subject.amount,
      currency: subject.currency,
      revision: step.state.revision,
      policy_version: plan.policy_version,
      content_hash: step.state.content_hash,
      deadline_at: step.state.deadline_at,
    }),
  );
}

/** Ends it, or sends it back for changes. The requester is told. */
export function conclude(step: Step, status: ApprovalStatus, actor: Actor, comment: string | null): Step {
  const { requested_by } = step.state.subject;
  const concluded = { by: actor.id, at: step.now.toISOString(), comment };
  // Mails not yet sent would ask about something that is decided.
  const todo = step.state.todo.filter((work) => work.effect.kind !== "mail" || work.effect.mail === "notice");
  const told = tell(set(step, { status, concluded, todo }), `approval.${status}`, actor, {
    comment,
    ...(status === "changes_requested"
      ? { until: isAmendable({ ...step.state, status }) ? step.state.deadline_at : null }
      : {}),
  });
  if (status === "withdrawn")
    return mail(told, "notice", wereAsked(step.state), {
      notice: { kind: "withdrawn", reason: comment ?? "it is no longer needed" },
    });
  return requested_by ? mail(told, "outcome", [requested_by]) : told;
}
