import { normalisedAddress } from "./address.ts";
import type { Gate } from "./policy.ts";
import {
  subjectHash,
  type ApprovalState,
  type ApprovalView,
  type Delegation,
  type Vote,
} from "./approval.ts";

/** One place at a gate: who holds it, who may decide in it, and who is mailed about it. */
export interface Seat {
  approver: string;
  /** The approver, and while they are away whoever they delegated to. */
  holders: string[];
  mailed: string;
  /** By which somebody stands in; null: the approver is there, or nobody can. */
  delegation: Delegation | null;
}

const isSame = (a: string, b: string): boolean => normalisedAddress(a) === normalisedAddress(b);

export const openGate = (state: ApprovalState): Gate | null =>
  state.status === "pending" ? (state.plan.gates[state.gate] ?? null) : null;

/**
 * The places at the open gate: its approvers as the policy named them, changed by reassignment and revocation, and those
 * it was escalated to. A vote fills one place, so a delegate who is asked twice still counts once.
 */
export function seatsOf(state: ApprovalState, now: Date): Seat[] {
  const gate = openGate(state);
  if (!gate) return [];
  const named = [...gate.approvers, ...state.escalated_to].flatMap((approver) => {
    const holder = heldBy(state, approver);
    return holder === null ? [] : [holder];
  });
  const people = named.filter((approver, i) => named.findIndex((each) => isSame(each, approver)) === i);
  return people.map((approver) => {
    const delegation = delegationOf(state, approver, now);
    if (delegation === null) return { approver, holders: [approver], mailed: approver, delegation };
    const { to } = delegation;
    // Who has decided already counts once: then this place waits for the approver after all.
    return { approver, holders: [approver, to], mailed: hasVoted(state, to) ? approver : to, delegation };
  });
}

/** Who has an approver's place after all changes; null: nobody. */
function heldBy({ people, gate }: ApprovalState, approver: string): string | null {
  let holder: string | null = approver;
  for (const change of people)
    if (change.gate === gate && holder !== null && isSame(change.from, holder)) holder = change.to;
  return holder;
}

export const isActive = ({ starts_at, ends_at }: Delegation, now: Date): boolean =>
  Date.parse(starts_at) <= now.getTime() && now.getTime() < Date.parse(ends_at);

/** Whoever requested it never decides, not even in somebody else's place. */
export const isRequester = ({ subject }: ApprovalState, person: string): boolean =>
  subject.requested_by !== null && isSame(subject.requested_by, person);

/**
 * By which delegation somebody stands in for an approver. It is not handed on: whoever stands in for somebody does so alone,
 * also while they have delegated their own place, so chains and circles end after one step.
 */
function delegationOf(state: ApprovalState, approver: string, now: Date): Delegation | null {
  const stands = (delegation: Delegation) =>
    isSame(delegation.from, approver) &&
    isActive(delegation, now) &&
    !isRequester(state, delegation.to) &&
    !wasRevoked(state, delegation.to) &&
    !decidesAnotherGate(state, delegation.to);
  return state.delegations.find(stands) ?? null;
}

/** Gates are passed by different people: a deputy has decided no earlier one and is named at no later one. */
const decidesAnotherGate = ({ votes, plan, gate, revision }: ApprovalState, person: string): boolean =>
  votes.some((vote) => vote.revision === revision && vote.gate !== gate && isSame(vote.approver, person)) ||
  plan.gates.slice(gate + 1).some(({ approvers }) => approvers.some((each) => isSame(each, person)));

/** Whose place was taken away does not come back in somebody else's. */
const wasRevoked = ({ people, gate }: ApprovalState, person: string): boolean =>
  people.findLast(
    (change) =>
      change.gate === gate &&
      (isSame(change.from, person) || (change.to !== null && isSame(change.to, person))),
  )?.to === null;

/** When next after `now` somebody who is asked goes away or comes back; null: never. */
export function nextDelegationAt(state: ApprovalState, now: Date): string | null {
  if (state.status !== "pending") return null;
  const asked = seatsOf(state, now).map((seat) => seat.approver);
  const times = state.delegations
    .filter((delegation) => asked.some((approver) => isSame(approver, delegation.from)))
    .flatMap((delegation) => [delegation.starts_at, delegation.ends_at])
    .filter((time) => Date.parse(time) > now.getTime());
  return times.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;
}

/** The votes that count at the open gate. */
export const currentVotes = ({ votes, gate, revision }: ApprovalState): Vote[] =>
  votes.filter((vote) => vote.gate === gate && vote.revision === revision);

/** The places at the open gate that nobody has decided in. */
export const openSeats = (state: ApprovalState, now: Date): Seat[] => {
  const filled = currentVotes(state).map((vote) => vote.seat);
  return seatsOf(state, now).filter(({ approver }) => !filled.some((seat) => isSame(seat, approver)));
};

/** Everybody who may decide at the open gate. */
export const mayDecide = (state: ApprovalState, now: Date): string[] => [
  ...new Set(seatsOf(state, now).flatMap((seat) => seat.holders)),
];

/** The place that this person's vote fills: their own first. Null when they have none left. */
export const seatFor = (state: ApprovalState, person: string, now: Date): Seat | null => {
  const open = openSeats(state, now).filter((seat) => seat.holders.some((holder) => isSame(holder, person)));
  return open.find((seat) => isSame(seat.approver, person)) ?? open[0] ?? null;
};

export const hasVoted = (state: ApprovalState, person: string): boolean =>
  currentVotes(state).some((vote) => isSame(vote.approver, person));

/** Whether the people who are asked can still make up the quorum. */
export function canReachQuorum(state: ApprovalState, now: Date): boolean {
  const gate = openGate(state);
  if (!gate) return true;
  const people = new Set(openSeats(state, now).flatMap((seat) => seat.holders.map(normalisedAddress)));
  for (const vote of currentVotes(state)) people.delete(normalisedAddress(vote.approver));
  const possible = Math.min(openSeats(state, now).length, people.size);
  return currentVotes(state).length + possible >= gate.need;
}

/** Who is asked now and has not decided, each once: delegates in the places of those who are away. */
export const waitingFor = (state: ApprovalState, now: Date): string[] =>
  openSeats(state, now)
    .map((seat) => seat.mailed)
    .filter((person, i, all) => all.findIndex((each) => isSame(each, person)) === i)
    .filter((person) => !hasVoted(state, person));

/** The same people as addresses are compared, by which they are looked up. */
export const peopleAskedNow = (state: ApprovalState, now: Date): string[] =>
  waitingFor(state, now).map(normalisedAddress);

/** What an order, a page and the API show. */
export function approvalView(state: ApprovalState, now: Date): ApprovalView {
  const gate = openGate(state);
  return {
    id: state.id,
    object: "approval",
    version: state.serial,
    kind: state.subject.kind,
    refund_id: state.refund_id,
    subject_hash: subjectHash(state.subject),
    status: state.status,
    gate: gate?.name ?? null,
    needed: gate?.need ?? 0,
    waiting_for: waitingFor(state, now),
    votes: state.votes
      .filter((vote) => vote.revision === state.revision)
      .map(({ approver, decision, comment, at }) => ({ approver, decision, comment, at })),
    deadline_at: state.deadline_at,
    decided_by: state.concluded?.by ?? null,
    decided_at: state.concluded?.at ?? null,
  };
}
