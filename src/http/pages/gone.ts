import { markup, oneLine, type Fragment } from "../../mail/markup.ts";
import type { ApprovalStatus } from "../../domain/approval.ts";
import { subjectLine, type Asked, type CastVote, type Change, type NextStep } from "../../mail/wording.ts";
import { layout } from "./layout.ts";
import {
  amountHeading,
  changeList,
  freshLinkForm,
  moment,
  pill,
  timeline,
  tooLate,
  voteList,
  type FreshLink,
  type Tone,
} from "./parts.ts";

/** A link that cannot decide any more. */
interface GoneView {
  /** Null when the reader should not see it. */
  asked: Asked | null;
  /** Where a fresh link may be mailed to; null when there is nothing left to decide. */
  fresh_link: FreshLink | null;
  happened?: readonly NextStep[];
  next?: readonly NextStep[];
  /** Who decided, where that belongs to the story. */
  votes?: readonly CastVote[];
  time_zone?: string;
  /** A decision was sent that does not count. */
  too_late?: boolean;
}

export interface ExpiredView extends GoneView {
  /** When it ended, RFC 3339. */
  at: string;
  /** `link`: only this link is too old. `approval`: nobody decided in time. */
  because: "link" | "approval";
}

export interface RevokedView extends GoneView {
  /** When it ended; null: not known. */
  at: string | null;
  because:
    | { kind: "revoked" }
    | { kind: "reassigned"; to: string }
    | { kind: "withdrawn"; reason: string }
    /** Somebody who decided in another's place, and is not needed any more. */
    | { kind: "not_asked" };
}

export interface SupersededView extends GoneView {
  /** What is asked now. */
  asked: Asked;
  at: string;
  changes: readonly Change[];
  /** Whether the reader decided about what was asked before. */
  had_decided?: boolean;
  /** Of what is asked now. */
  status?: ApprovalStatus;
}

interface Telling {
  tone: Tone;
  title: string;
  text: Fragment;
  changes?: readonly Change[];
}

const gone = (view: GoneView, { tone, title, text, changes }: Telling): string =>
  layout({
    title: view.asked ? `${title}: ${subjectLine(view.asked)}` : title,
    body: markup`<section class="card">
${tooLate(view.too_late)}${view.asked ? markup`${pill(tone, title)}${amountHeading(view.asked)}` : markup`<h1>${title}</h1>`}
<p class="lead">${text}</p>
${changes && changes.length > 0 ? markup`<div class="gap">${changeList(changes)}</div>` : ""}${freshLinkForm(view.fresh_link)}</section>
${timeline("What happened since", view.happened, view.time_zone, true)}${timeline("What happens next", view.next, view.time_zone)}${voteList("Decisions", view.votes ?? [], view.time_zone)}`,
  });

export const expiredPage = (view: ExpiredView): string =>
  gone(
    view,
    view.because === "link"
      ? {
          tone: "wait",
          title: "This link has expired",
          text: markup`It was good until ${moment(view.at, view.time_zone)}.`,
        }
      : {
          tone: "plain",
          title: "Expired",
          text: markup`${view.votes?.length ? "Not everybody" : "Nobody"} decided until ${moment(view.at, view.time_zone)}, so this was closed. Nothing can be decided here any more.`,
        },
  );

export function revokedPage(view: RevokedView): string {
  const at = view.at === null ? null : moment(view.at, view.time_zone);
  switch (view.because.kind) {
    case "revoked":
      return gone(view, {
        tone: "plain",
        title: "This link was taken back",
        text: view.fresh_link
          ? markup`Since ${at} this link decides nothing. You are asked again, by a mail of its own.`
          : markup`You need not decide: since ${at} you are not asked any more.`,
      });
    case "reassigned":
      return gone(view, {
        tone: "plain",
        title: "Somebody else decides",
        text: markup`Since ${at}, <bdi>${oneLine(view.because.to)}</bdi> is asked in your place. ${
          view.fresh_link && "You are asked again, by a mail of its own."
        }`,
      });
    case "not_asked":
      return gone(view, {
        tone: "plain",
        title: "You are not asked any more",
        text: "You need not decide: the time in which you decided in somebody else's place is over, or the place is taken.",
      });
    case "withdrawn":
      return gone(view, {
        tone: "plain",
        title: "Withdrawn",
        text: markup`The request was withdrawn on ${at}: <bdi>${view.because.reason}</bdi>`,
      });
  }
}

const SINCE: Record<ApprovalStatus, string | null> = {
  pending: null,
  approved: "What is asked now has been approved.",
  rejected: "What is asked now has been rejected.",
  changes_requested: "Further changes were asked for since.",
  expired: "Nobody decided in time about what was asked then.",
  withdrawn: "It was withdrawn since.",
};

export const supersededPage = (view: SupersededView): string =>
  gone(view, {
    tone: "wait",
    title: "This has changed",
    text: markup`This link is for what was asked before ${moment(view.at, view.time_zone)}; then it was changed as shown here. ${
      view.had_decided && "What you decided about it no longer counts. "
    }${SINCE[view.status ?? "pending"]}`,
    changes: view.changes,
  });
