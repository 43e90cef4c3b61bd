import type { ApprovalMessage, ApprovalState } from "./approval.ts";
import { approvalView, isRequester, openGate, openSeats, seatsOf } from "./approval-seats.ts";
import { type Step, askNewcomers, mail, set, tell } from "./approval-step.ts";
import { normalisedAddress } from "./address.ts";

// Who is asked, and asking them again.

type Of<Type> = Extract<ApprovalMessage, { type: Type }>;

const isSame = (a: string, b: string): boolean => normalisedAddress(a) === normalisedAddress(b);

/** Why `from` cannot be replaced by `to` (null: by nobody); null when it can. */
export function peopleObstacle(
  state: ApprovalState,
  from: string,
  to: string | null,
  now: Date,
): "concluded" | "not_asked" | "already_voted" | "requester" | "asked_already" | null {
  if (!openGate(state)) return "concluded";
  if (!seatsOf(state, now).some((seat) => isSame(seat.approver, from))) return "not_asked";
  if (!openSeats(state, now).some((seat) => isSame(seat.approver, from))) return "already_voted";
  if (to !== null && isRequester(state, to)) return "requester";
  if (to !== null && seatsOf(state, now).some((seat) => isSame(seat.approver, to))) return "asked_already";
  return null;
}

/** Puts somebody in an approver's place at the open gate. The link mailed before explains itself from now on. */
export function onReassign(step: Step, { from, to, actor }: Of<"reassign">): Step {
  const { state, now } = step;
  const obstacle = peopleObstacle(state, from, to, now);
  if (obstacle !== null)
    return tell(step, "approval.reassign_refused", actor, { from, to, because: obstacle });
  const changed = set(withoutMailTo(step, from), {
    people: [...state.people, { gate: state.gate, from, to, at: now.toISOString() }],
  });
  const told = tell(changed, "approval.reassigned", actor, { from, to });
  return askNewcomers(mail(told, "notice", [from], { notice: { kind: "reassigned", to } }));
}

/** Takes an approver's place and link away. The quorum stays as it is: others have to make it up. */
export function onRevoke(step: Step, { approver, actor }: Of<"revoke">): Step {
  const { state, now } = step;
  const obstacle = peopleObstacle(state, approver, null, now);
  if (obstacle !== null) return tell(step, "approval.revoke_refused", actor, { approver, because: obstacle });
  const changed = set(withoutMailTo(step, approver), {
    people: [...state.people, { gate: state.gate, from: approver, to: null, at: now.toISOString() }],
  });
  return mail(tell(changed, "approval.revoked", actor, { approver }), "notice", [approver], {
    notice: { kind: "revoked" },
  });
}

const withoutMailTo = (step: Step, person: string): Step =>
  set(step, {
    todo: step.state.todo.filter(({ effect }) => effect.kind !== "mail" || !isSame(effect.to, person)),
  });

/** Somebody is away or back: whoever decides in their place is asked. */
export function onDelegations(step: Step, { delegations }: Of<"delegations">): Step {
  const { state } = step;
  if (state.status !== "pending" || JSON.stringify(delegations) === JSON.stringify(state.delegations))
    return step;
  return set(step, { delegations });
}

/** Mails the link again, to the approver on file only. */
export function onResend(step: Step, { approver, actor }: Of<"resend">): Step {
  const holders = openSeats(step.state, step.now).flatMap((seat) => seat.holders);
  const to = holders.find((holder) => isSame(holder, approver));
  return to ? mail(tell(step, "approval.resent", actor, { to }), "request", [to]) : step;
}

export function onRemind(step: Step, { actor }: Of<"remind">): Step {
  if (step.state.status !== "pending") return step;
  const people = approvalView(step.state, step.now).waiting_for;
  return mail(tell(step, "approval.reminded", actor, { asked: people }), "reminder", people);
}
