import type { ApprovalStatus } from "../../domain/approval.ts";
import { markup, oneLine } from "../../mail/markup.ts";
import {
  DECIDED,
  STATUS_WORD,
  subjectLine,
  type Asked,
  type CastVote,
  type NextStep,
} from "../../mail/wording.ts";
import { layout } from "./layout.ts";
import {
  amountHeading,
  askedFacts,
  facts,
  freshLinkForm,
  items,
  moment,
  pill,
  sentenceCase,
  timeline,
  tooLate,
  voteList,
  type FreshLink,
  type Tone,
} from "./parts.ts";

/** After a decision, whoever made it. */
export interface DecidedView {
  asked: Asked;
  /** Of the whole approval: `pending` when this decision was not the last one needed. */
  status: ApprovalStatus;
  /** The decision that this page is about; null when nobody decided. */
  vote: CastVote | null;
  /** Whether the reader made it, and whether just now. */
  yours: boolean;
  just_now?: boolean;
  /** All the other decisions. */
  votes: readonly CastVote[];
  /** What the order did since, and what it does next. */
  happened?: readonly NextStep[];
  next?: readonly NextStep[];
  time_zone?: string;
  /** When and by whom the whole approval ended; null or absent: it has not. */
  ended?: { by: string; at: string; comment: string | null } | null;
  /** A decision was sent that does not count. */
  too_late?: boolean;
  /** The reader is asked again, by another link. */
  fresh_link?: FreshLink | null;
}

const TONE: Record<ApprovalStatus, Tone> = {
  pending: "wait",
  approved: "ok",
  rejected: "bad",
  changes_requested: "wait",
  expired: "plain",
  withdrawn: "plain",
};

/** Who decided, when, with which words, and what the order did next. */
export const decidedPage = (view: DecidedView): string =>
  layout({
    title: `${view.status === "pending" ? "Decision recorded" : STATUS_WORD[view.status]}: ${subjectLine(view.asked)}`,
    body: markup`<section class="card">
${tooLate(view.too_late)}${pill(TONE[view.status], view.status === "pending" ? "Recorded, more decisions are needed" : STATUS_WORD[view.status])}${amountHeading(view.asked)}
<p class="lead">${sentence(view)}</p>
${view.vote?.comment?.trim() ? markup`<blockquote><bdi>${view.vote.comment.trim()}</bdi></blockquote>` : ""}${ending(view)}${view.fresh_link ? markup`<p class="gap">You are asked again about this, by a mail of its own.</p>${freshLinkForm(view.fresh_link)}` : ""}</section>
${timeline("What happened since", view.happened, view.time_zone, true)}${timeline("What happens next", view.next, view.time_zone)}${voteList(
      "Other decisions",
      view.votes,
      view.time_zone,
    )}<section class="card"><h2>What was decided</h2>
${facts(askedFacts(view.asked))}${items(view.asked)}</section>
`,
    footer: view.fresh_link ? null : "There is nothing left to do here. You can close this page.",
  });

/** How the whole ended, where the decision above does not say it. */
function ending({ status, ended, vote, time_zone }: DecidedView) {
  if (!ended || !vote || ended.at === vote.at) return null;
  if (status === "expired")
    return markup`<p>Not everybody decided until ${moment(ended.at, time_zone)}, so it was closed.</p>
`;
  if (status === "withdrawn")
    return markup`<p>It was withdrawn on ${moment(ended.at, time_zone)}${ended.comment && markup`: <bdi>${ended.comment}</bdi>`}</p>
`;
  return ended.comment && status === "approved"
    ? markup`<p><bdi>${sentenceCase(ended.comment)}</bdi></p>
`
    : null;
}

function sentence({ vote, yours, just_now, time_zone, ended }: DecidedView) {
  if (!vote) return ended?.comment ? `${sentenceCase(ended.comment)}.` : "Nobody decided.";
  if (yours && just_now)
    return markup`You ${DECIDED[vote.decision]}${vote.decision === "request_changes" ? "" : " this"}. Thank you.`;
  const who = yours ? "You" : markup`<bdi>${oneLine(vote.approver)}</bdi>`;
  const what =
    vote.decision === "request_changes" ? DECIDED[vote.decision] : `${DECIDED[vote.decision]} this`;
  return markup`${who} ${what} on ${moment(vote.at, time_zone)}.`;
}
