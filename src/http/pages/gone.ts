import { markup, oneLine, type Fragment } from "../../mail/markup.ts";
import { subjectLine, type Asked, type Change, type NextStep } from "../../mail/wording.ts";
import { layout } from "./layout.ts";
import {
  amountHeading,
  changeList,
  freshLinkForm,
  moment,
  pill,
  timeline,
  type FreshLink,
  type Tone,
} from "./parts.ts";

/** A link that cannot decide any more. */
interface GoneView {
  /** Null when the reader should not see it. */
  asked: Asked | null;
  /** When it ended, RFC 3339. */
  at: string;
  /** Where a fresh link may be mailed to; null when there is nothing left to decide. */
  fresh_link: FreshLink | null;
  happened?: readonly NextStep[];
  next?: readonly NextStep[];
  time_zone?: string;
}

export interface ExpiredView extends GoneView {
  /** `link`: only this link is too old. `approval`: nobody decided in time. */
  because: "link" | "approval";
}

export interface RevokedView extends GoneView {
  because: { kind: "revoked" } | { kind: "reassigned"; to: string } | { kind: "withdrawn"; reason: string };
}

export interface SupersededView extends GoneView {
  /** What is asked now. */
  asked: Asked;
  changes: readonly Change[];
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
${pill(tone, title)}${view.asked ? amountHeading(view.asked) : markup`<h1>${title}</h1>`}
<p class="lead">${text}</p>
${changes && changes.length > 0 ? markup`<div class="gap">${changeList(changes)}</div>` : ""}${freshLinkForm(view.fresh_link)}</section>
${timeline("What happened", view.happened, view.time_zone, true)}${timeline("What happens next", view.next, view.time_zone)}`,
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
          text: markup`Nobody decided until ${moment(view.at, view.time_zone)}, so this was closed. Nothing can be decided here any more.`,
        },
  );

export function revokedPage(view: RevokedView): string {
  const at = moment(view.at, view.time_zone);
  switch (view.because.kind) {
    case "revoked":
      return gone(view, {
        tone: "plain",
        title: "This link was taken back",
        text: markup`It no longer works since ${at}.`,
      });
    case "reassigned":
      return gone(view, {
        tone: "plain",
        title: "Somebody else decides",
        text: markup`Since ${at}, <bdi>${oneLine(view.because.to)}</bdi> is asked in your place.`,
      });
    case "withdrawn":
      return gone(view, {
        tone: "plain",
        title: "Withdrawn",
        text: markup`The request was withdrawn on ${at}: <bdi>${view.because.reason}</bdi>`,
      });
  }
}

export const supersededPage = (view: SupersededView): string =>
  gone(view, {
    tone: "wait",
    title: "This has changed",
    text: markup`What you were asked about changed on ${moment(view.at, view.time_zone)}. Your decision was not taken; this link shows the old request.`,
    changes: view.changes,
  });
