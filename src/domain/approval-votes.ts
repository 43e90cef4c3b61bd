import type { ApprovalMessage, ApprovalState, Vote } from "./approval.ts";
import { currentVotes, hasVoted, isRequester, mayDecide, openGate, seatFor } from "./approval-seats.ts";
import { type Step, conclude, openTheGate, set, tell } from "./approval-step.ts";
import { normalisedAddress } from "./address.ts";

type VoteMessage = Extract<ApprovalMessage, { type: "vote" }>;

/** Why this person's vote cannot be taken now; null when it can. */
export function voteObstacle(
  state: ApprovalState,
  vote: Pick<VoteMessage, "approver" | "content_hash" | "gate" | "in_place">,
  now: Date,
): "concluded" | "requester" | "not_asked" | "already_voted" | "superseded" | null {
  const person = normalisedAddress(vote.approver);
  if (state.status !== "pending") return "concluded";
  // The hash is the same at every gate: a click that comes late must not answer the next gate's question.
  if (vote.gate !== undefined && vote.gate !== state.gate) return "superseded";
  if (isRequester(state, vote.approver)) return "requester";
  if (hasVoted(state, vote.approver)) return "already_voted";
  const asked = mayDecide(state, now).some((address) => normalisedAddress(address) === person);
  if (!asked && !vote.in_place) return "not_asked";
  // Somebody else has decided in the only place this person had.
  if (asked && seatFor(state, vote.approver, now) === null) return "already_voted";
  return vote.content_hash === state.content_hash ? null : "superseded";
}

/** Counts a vote: distinct people, each in one place, all of the revision that is asked about now. */
export function onVote(step: Step, vote: VoteMessage): Step {
  const { state, now } = step;
  const obstacle = voteObstacle(state, vote, now);
  if (obstacle)
    return tell(step, "approval.vote_refused", vote.actor, { decision: vote.decision, because: obstacle });
  const seat = seatFor(state, vote.approver, now)?.approver ?? vote.approver;
  const cast: Vote = {
    approver: vote.approver,
    decision: vote.decision,
    comment: vote.comment,
    at: now.toISOString(),
    gate: state.gate,
    revision: state.revision,
    seat,
    via: vote.via,
  };
  const counted = tell(set(step, { votes: [...state.votes, cast] }), "approval.voted", vote.actor, {
    decision: vote.decision,
    comment: vote.comment,
    gate: openGate(state)?.name ?? null,
    via: vote.via,
    ...(vote.in_place ? { in_place: true } : {}),
    ...(normalisedAddress(seat) === normalisedAddress(vote.approver) ? {} : { in_place_of: seat }),
    content_hash: vote.content_hash,
  });
  if (vote.decision === "reject") return conclude(counted, "rejected", vote.actor, vote.comment);
  if (vote.decision === "request_changes")
    return conclude(counted, "changes_requested", vote.actor, vote.comment);
  const approvals = currentVotes(counted.state).filter((each) => each.decision === "approve").length;
  if (approvals < (openGate(counted.state)?.need ?? 1)) return counted;
  return state.gate + 1 >= state.plan.gates.length
    ? conclude(counted, "approved", vote.actor, vote.comment)
    : openTheGate(atGate(counted, state.gate + 1));
}

/** At another gate, from its beginning: nobody was reminded, nothing was escalated. */
export const atGate = (step: Step, gate: number): Step =>
  set(step, {
    gate,
    gate_opened_at: step.now.toISOString(),
    escalated_to: [],
    reminded: false,
    escalated: false,
    todo: step.state.todo.filter((work) => work.effect.kind !== "mail" || work.effect.mail === "notice"),
  });
