import { type ApprovalEffect, type ApprovalMessage, type ApprovalState, isConcluded } from "./approval.ts";
import { onAmend } from "./approval-amend.ts";
import { onBounced, onDone, onFailed } from "./approval-mail.ts";
import { heedDelegations, onDelegations } from "./approval-delegations.ts";
import { onReassign, onRemind, onResend, onRevoke } from "./approval-people.ts";
import { approvalView, nextDelegationAt } from "./approval-seats.ts";
import { type Step, SYSTEM, ask, askNewcomers, conclude, openTheGate, set } from "./approval-step.ts";
import { nextTimes, onClock, onDeadline } from "./approval-times.ts";
import { onVote } from "./approval-votes.ts";
import { earliest, isDue, type Todo } from "./todo.ts";

function onMessage(step: Step, message: ApprovalMessage): Step {
  const { state } = step;
  switch (message.type) {
    case "opened":
      return state.serial === 0 ? opened(step) : step;
    case "vote":
      return onVote(step, message);
    case "withdraw":
      return isConcluded(state) ? step : conclude(step, "withdrawn", SYSTEM, message.reason);
    case "amend":
      return onAmend(step, message);
    case "resend":
      return onResend(step, message);
    case "remind":
      return onRemind(step, message);
    case "reassign":
      return onReassign(step, message);
    case "revoke":
      return onRevoke(step, message);
    case "delegations":
      return onDelegations(step, message);
    case "bounced":
      return onBounced(step, message);
    case "effect.done":
      return onDone(step, message);
    case "effect.failed":
      return onFailed(step, message);
    case "clock":
      return step;
  }
}

/** Asks the first gate; where the policy leaves nobody who may approve, it is over before anybody is asked. */
const opened = (step: Step): Step =>
  step.state.plan.obstacle ? conclude(step, "rejected", SYSTEM, step.state.plan.obstacle) : openTheGate(step);

/**
 * Decides one message. Total: what no longer applies changes nothing. What happened is reported to the order (whose trail
 * and state only the order's own workflow writes) as one more piece of work; without an order it is kept here.
 */
export function decideApproval(state: ApprovalState, message: ApprovalMessage, now: Date): ApprovalState {
  const heard = onMessage(onDeadline({ state, entries: [], now }), message);
  // Before it is opened nobody is asked; afterwards whoever has come into a place is.
  const step = onClock(heard.state.serial === 0 ? heard : askNewcomers(heedDelegations(heard)));
  const changed = step.state.status !== state.status;
  if (step.entries.length === 0 && !changed) return step.state;
  return (changed ? calledBack(reported(step)) : reported(step)).state;
}

function reported(step: Step): Step {
  const { state, entries, now } = step;
  if (state.order_id !== null) return ask(step, { kind: "report", entries, view: approvalView(state, now) });
  const at = now.toISOString();
  return set(step, { history: [...state.history, ...entries.map((entry) => ({ at, ...entry }))] });
}

/** Whoever gave an address is told of the outcome. */
function calledBack(step: Step): Step {
  const { state, now } = step;
  if (state.callback === null || state.status === "pending") return step;
  const event = `approval.${state.status}`;
  return ask(step, { kind: "callback", event, at: now.toISOString(), view: approvalView(state, now) });
}

/** When it must be looked at next, though no message comes. */
export function approvalWakeAt(state: ApprovalState, now: Date): string | null {
  const times = nextTimes(state);
  return earliest(
    times.remind_at,
    times.escalate_at,
    times.deadline_at,
    nextDelegationAt(state, now),
    ...inTurn(state).map((work) => work.due_at),
  );
}

/** Reports go one at a time, so that the order hears them in the order in which they happened. */
function inTurn({ todo: works }: ApprovalState): Todo<ApprovalEffect>[] {
  const report = works.find((work) => work.effect.kind === "report");
  return works.filter((work) => work.effect.kind !== "report" || work === report);
}

/** What is to be done now. */
export const approvalDue = (state: ApprovalState, now: Date): Todo<ApprovalEffect>[] =>
  inTurn(state).filter((work) => isDue(work, now));

/** Nothing is expected any more: decided, and everybody was told. */
export const isApprovalAtRest = (state: ApprovalState): boolean =>
  isConcluded(state) && state.todo.length === 0;
