import type { ApprovalLink } from "../db/approval-links.ts";
import type { Pool } from "../db/pool.ts";
import { isConcluded, type ApprovalState, type PeopleChange, type Vote } from "../domain/approval.ts";
import { whyAsked } from "../domain/approval-people.ts";
import { seatsOf } from "../domain/approval-seats.ts";
import { nextSteps } from "../domain/approval-steps.ts";
import { voteObstacle } from "../domain/approval-votes.ts";
import { normalisedAddress } from "../domain/address.ts";
import { timeZoneOf } from "../domain/approval-times.ts";
import { amountOf } from "../mail/wording.ts";
import { aftermath } from "./link-aftermath.ts";
import { confirmPage, decidedPage, expiredPage, revokedPage, supersededPage } from "./pages/index.ts";

/** A link that was opened, and what has become of the question behind it. */
export interface OpenedLink {
  link: ApprovalLink;
  state: ApprovalState;
}

const isSame = (a: string, b: string): boolean => normalisedAddress(a) === normalisedAddress(b);

const isCurrent = ({ link, state }: OpenedLink): boolean => link.revision === state.revision;

/** The vote that was cast through this link, if any. */
export const voteOf = ({ link, state }: OpenedLink): Vote | undefined =>
  state.votes.find(
    (vote) =>
      vote.gate === link.gate && vote.revision === link.revision && isSame(vote.approver, link.approver),
  );

/** Whether this link decides now: it is of the open gate and revision, and its approver has a place there. */
export const isDecidable = (opened: OpenedLink, now: Date): boolean => {
  const { link, state } = opened;
  const vote = { approver: link.approver, gate: link.gate, content_hash: state.content_hash };
  return isCurrent(opened) && voteObstacle(state, vote, now) === null;
};

/** To whom a fresh link can be mailed: the link's approver, when another one of theirs decides now. */
export function freshLinkTo(opened: OpenedLink, now: Date): string | null {
  const { link, state } = opened;
  const { approver } = link;
  const vote = { approver, content_hash: state.content_hash };
  return !isDecidable(opened, now) && voteObstacle(state, vote, now) === null ? approver : null;
}

/** What has to be typed to approve at the link's gate, such as `12,500.00`; null: nothing. */
export function amountToType({ link, state }: OpenedLink): string | null {
  if (!state.plan.gates[link.gate]?.confirm_amount) return null;
  return amountOf(state.subject).split(" ")[0] || null;
}

interface Extra {
  error?: string;
  comment?: string;
  just_now?: boolean;
  /** A decision was sent that does not count. */
  too_late?: boolean;
}

/** The page that fits what has become of the question. */
export async function linkPage(pool: Pool, opened: OpenedLink, extra: Extra = {}): Promise<string> {
  const { link, state } = opened;
  const now = new Date();
  const gate = state.plan.gates[link.gate];
  const time_zone = timeZoneOf(state, link.approver);
  const zoned = time_zone === undefined ? {} : { time_zone };
  const { error, comment } = extra;
  if (isDecidable(opened, now) && gate)
    return confirmPage({
      ...zoned,
      asked: state.subject,
      approver: link.approver,
      gate,
      stage: { number: link.gate + 1, of: state.plan.gates.length },
      votes: state.votes.filter((vote) => vote.revision === state.revision),
      deadline_at: state.deadline_at,
      next: nextSteps(state),
      content_hash: state.content_hash,
      confirm_amount: amountToType(opened),
      changes: state.amendments.at(-1)?.changes ?? [],
      why: whyAsked(state, link.approver, now),
      ...(error === undefined ? {} : { error }),
      ...(comment === undefined ? {} : { comment }),
    });
  const to = freshLinkTo(opened, now);
  const fresh_link = to === null ? null : { to };
  const view = { ...zoned, fresh_link, too_late: extra.too_late ?? false };
  const own = voteOf(opened);
  const lost = own ? undefined : lostPlace(opened);
  // Whose link was taken back need not see what it was about, nor what became of it.
  if (lost)
    return revokedPage({
      ...view,
      asked: null,
      at: lost.at,
      because: lost.to === null ? { kind: "revoked" } : { kind: "reassigned", to: lost.to },
    });
  const vote = own && isCurrent(opened) ? own : voteInPlace(opened, now);
  if (vote === null && state.status === "pending" && isCurrent(opened))
    return revokedPage({ ...view, asked: null, at: null, because: { kind: "not_asked" } });
  const { happened, next } = await aftermath(pool, state, now);
  const votes = state.votes.filter((each) => each.revision === state.revision);
  const shown = { ...view, asked: state.subject, happened, next };
  if (!isCurrent(opened)) {
    const since = state.amendments.filter((amendment) => amendment.revision > link.revision);
    return supersededPage({
      ...shown,
      at: since.at(-1)?.at ?? state.created_at,
      changes: since.flatMap((amendment) => amendment.changes),
      had_decided: own !== undefined,
      votes: isConcluded(state) ? votes : [],
      status: state.status,
    });
  }
  const at = state.concluded?.at ?? state.deadline_at;
  if (!own && state.status === "expired")
    return expiredPage({ ...shown, at, because: "approval", votes, fresh_link: null });
  if (!own && state.status === "withdrawn")
    return revokedPage({
      ...shown,
      at,
      because: { kind: "withdrawn", reason: state.concluded?.comment ?? "it is no longer needed" },
    });
  return decidedPage({
    ...shown,
    status: state.status,
    vote,
    yours: own !== undefined,
    just_now: extra.just_now ?? false,
    votes: votes.filter((each) => each !== vote),
    ended: state.concluded,
  });
}

/** How this link's approver lost the place that it was mailed for, and did not get it back. */
function lostPlace({ link, state }: OpenedLink): PeopleChange | undefined {
  const last = state.people.findLast(
    ({ gate, from, to }) =>
      gate === link.gate && (isSame(from, link.approver) || (to !== null && isSame(to, link.approver))),
  );
  return last && isSame(last.from, link.approver) ? last : undefined;
}

/** Somebody else's decision that answers this link's question: at its gate, or the one that ended it. */
function voteInPlace({ link, state }: OpenedLink, now: Date): Vote | null {
  const votes = state.votes.filter((vote) => vote.revision === state.revision);
  if (state.status !== "pending") return votes.findLast((vote) => vote.at === state.concluded?.at) ?? null;
  const here = votes.filter((vote) => vote.gate === link.gate);
  if (link.gate !== state.gate) return here.at(-1) ?? null;
  // The place that this approver held, or could have decided in, is filled.
  const held = seatsOf(state, now).filter((seat) =>
    seat.holders.some((holder) => isSame(holder, link.approver)),
  );
  return here.findLast((vote) => held.some((seat) => isSame(seat.approver, vote.seat))) ?? null;
}
