import type { ApprovalMessage, ApprovalState } from "./approval.ts";
import { heedDelegations, withDelegations } from "./approval-delegations.ts";
import { NAMED_BY_REQUEST } from "./approval-request.ts";
import { approvalView, isRequester, mayDecide, openGate, openSeats, seatsOf } from "./approval-seats.ts";
import { type Step, askNewcomers, mail, set, tell } from "./approval-step.ts";
import { normalisedAddress } from "./address.ts";

// Who is asked, and asking them again.

/** How somebody comes to be asked at the open gate. */
export type WhyAsked =
  | { kind: "policy" }
  /** The gates were given with the request. */
  | { kind: "request" }
  | { kind: "reassigned"; from: string }
  /** Whoever they stand in for, and until when. */
  | { kind: "delegate"; from: string; until: string };

export function whyAsked(state: ApprovalState, person: string, now: Date): WhyAsked {
  const seats = seatsOf(state, now);
  const isOwn = seats.some((seat) => isSame(seat.approver, person));
  const delegation = seats.find((seat) => seat.delegation && isSame(seat.delegation.to, person))?.delegation;
  if (!isOwn && delegation) return { kind: "delegate", from: delegation.from, until: delegation.ends_at };
  const { people, gate, plan } = state;
  const change = people.findLast((each) => each.gate === gate && each.to !== null && isSame(each.to, person));
  if (change) return { kind: "reassigned", from: change.from };
  return { kind: plan.because === NAMED_BY_REQUEST ? "request" : "policy" };
}

type Of<Type> = Extract<ApprovalMessage, { type: Type }>;

const isSame = (a: string, b: string): boolean => normalisedAddress(a) === normalisedAddress(b);

/** Why `from` cannot be replaced by `to` (null: by nobody); null when it can. */
export function peopleObstacle(
  state: ApprovalState,
  from: string,
  to: string | null,
  now: Date,
): "concluded" | "not_asked" | "stands_in" | "already_voted" | "requester" | "asked_already" | null {
  if (!openGate(state)) return "concluded";
  const seats = seatsOf(state, now);
  if (!seats.some((seat) => isSame(seat.approver, from)))
    return seats.some((seat) => seat.holders.some((holder) => isSame(holder, from)))
      ? "stands_in"
      : "not_asked";
  if (!openSeats(state, now).some((seat) => isSame(seat.approver, from))) return "already_voted";
  if (to !== null && isRequester(state, to)) return "requester";
  if (to !== null && seats.some((seat) => isSame(seat.approver, to))) return "asked_already";
  return null;
}

/** Puts somebody in an approver's place at the open gate. The link mailed before explains itself from now on. */
export function onReassign(step: Step, { from, to, delegations, actor }: Of<"reassign">): Step {
  const { state, now } = step;
  const obstacle = peopleObstacle(state, from, to, now);
  if (obstacle !== null)
    return tell(step, "approval.reassign_refused", actor, { from, to, because: obstacle });
  const told = tell(replaced(step, from, to), "approval.reassigned", actor, { from, to });
  const noticed = mail(told, "notice", losers(step, told, from), { notice: { kind: "reassigned", to } });
  return askNewcomers(heedDelegations(withDelegations(noticed, delegations ?? []), actor));
}

/** Takes an approver's place and link away. The quorum stays as it is: others have to make it up. */
export function onRevoke(step: Step, { approver, actor }: Of<"revoke">): Step {
  const { state, now } = step;
  const obstacle = peopleObstacle(state, approver, null, now);
  if (obstacle !== null) return tell(step, "approval.revoke_refused", actor, { approver, because: obstacle });
  const told = tell(replaced(step, approver, null), "approval.revoked", actor, { approver });
  return mail(told, "notice", losers(step, told, approver), { notice: { kind: "revoked" } });
}

/** The place changes hands, and mails about it that are still to go out stay here. */
function replaced(step: Step, from: string, to: string | null): Step {
  const { people, gate, todo } = step.state;
  const changed = set(step, { people: [...people, { gate, from, to, at: step.now.toISOString() }] });
  const gone = losers(step, changed, from);
  return set(changed, {
    todo: todo.filter(
      ({ effect }) => effect.kind !== "mail" || !gone.some((each) => isSame(each, effect.to)),
    ),
  });
}

/** Who is not asked any more: the approver, and whoever was asked in their place and has no other. */
function losers(before: Step, after: Step, approver: string): string[] {
  const seat = seatsOf(before.state, before.now).find((each) => isSame(each.approver, approver));
  const asked = before.state.asked.filter(({ gate }) => gate === before.state.gate);
  const left = mayDecide(after.state, after.now);
  const stoodIn = (seat?.holders ?? []).filter(
    (holder) =>
      !isSame(holder, approver) &&
      asked.some(({ person }) => isSame(person, holder)) &&
      !left.some((each) => isSame(each, holder)),
  );
  return [approver, ...stoodIn];
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
