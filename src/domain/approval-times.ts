import { normalisedAddress } from "./address.ts";
import type { ApprovalState } from "./approval.ts";
import { approvalView, canReachQuorum, mayDecide } from "./approval-seats.ts";
import { calendarOf } from "./policy.ts";
import { type Step, SYSTEM, conclude, mail, noted, set, tell } from "./approval-step.ts";

/** What happens next to an open approval, and when; null for what already happened. A short time is shared out. */
export function nextTimes(state: ApprovalState): {
  remind_at: string | null;
  escalate_at: string | null;
  deadline_at: string | null;
} {
  if (state.status === "changes_requested")
    return { remind_at: null, escalate_at: null, deadline_at: state.deadline_at };
  if (state.status !== "pending") return { remind_at: null, escalate_at: null, deadline_at: null };
  const opened = Date.parse(state.asked_from);
  const left = Math.max(Date.parse(state.deadline_at) - opened, 0);
  const after = (seconds: number, share: number) =>
    new Date(opened + Math.min(seconds * 1000, left * share)).toISOString();
  return {
    remind_at: state.reminded ? null : after(state.plan.remind_after_s, 1 / 2),
    escalate_at: state.escalated ? null : after(state.plan.escalate_after_s, 3 / 4),
    deadline_at: state.deadline_at,
  };
}

/** Asks further people once, when those asked do not or cannot decide. */
export function escalate(step: Step, because: string): Step {
  const { state, now } = step;
  if (state.status !== "pending" || state.escalated) return step;
  const asked = mayDecide(state, now).map(normalisedAddress);
  const people = state.plan.escalate_to.filter((address) => !asked.includes(normalisedAddress(address)));
  const next = set(step, { escalated: true, escalated_to: people });
  if (people.length === 0) return next;
  return mail(
    noted(tell(next, "approval.escalated", SYSTEM, { to: people, because }), people),
    "escalation",
    people,
    { because },
  );
}

/** Once the deadline has passed nothing counts any more, however late we look: the authorization may lapse. */
export function onDeadline(step: Step): Step {
  const { state, now } = step;
  const open = state.status === "pending" || state.status === "changes_requested";
  if (!open || nextTimes(state).deadline_at === null || Date.parse(state.deadline_at) > now.getTime())
    return step;
  return state.status === "pending" && state.plan.on_timeout === "approve"
    ? conclude(step, "approved", SYSTEM, "nobody decided in time, and the policy approves then")
    : conclude(step, "expired", SYSTEM, null);
}

/** What the clock brings: a reminder, an escalation. */
export function onClock(step: Step): Step {
  const { state, now } = step;
  if (state.status !== "pending") return step;
  const times = nextTimes(state);
  const reached = (time: string | null) => time !== null && Date.parse(time) <= now.getTime();
  if (reached(times.remind_at)) {
    const people = approvalView(state, now).waiting_for;
    const told = tell(set(step, { reminded: true }), "approval.reminded", SYSTEM, { asked: people });
    return onClock(mail(told, "reminder", people));
  }
  if (reached(times.escalate_at)) return escalate(step, "nobody decided in time");
  return canReachQuorum(state, now) ? step : escalate(step, "too few people are left to decide");
}

/** By whose clock times are shown to this person; absent: nobody said. */
export const timeZoneOf = ({ plan }: ApprovalState, person: string): string | undefined =>
  calendarOf(plan, person)?.time_zone;
