import type { ApprovalStatus } from "../../domain/approval.ts";
import { oneLine } from "../markup.ts";
import {
  DECIDED,
  formatWhen,
  STATUS_WORD,
  subjectLine,
  type Asked,
  type CastVote,
  type NextStep,
} from "../wording.ts";
import { amountBlock, factRows, itemBlocks, stepsBlocks, voteText } from "./asked.ts";
import type { Block } from "./blocks.ts";
import { mailContent, type MailContent } from "./document.ts";

/** How an approval ended, for whoever requested it. */
export interface OutcomeView {
  asked: Asked;
  status: Exclude<ApprovalStatus, "pending">;
  votes: readonly CastVote[];
  /** Null when nobody decided (expired, withdrawn). */
  decided_by: string | null;
  decided_at: string;
  comment: string | null;
  /** What the order does next, or did already. */
  next?: readonly NextStep[];
  time_zone?: string;
}

const HEADING: Record<OutcomeView["status"], string> = {
  approved: "Approved",
  rejected: "Rejected",
  changes_requested: "Changes are requested",
  expired: "Nobody decided in time",
  withdrawn: "The request was withdrawn",
};

/** Tells the requester how it ended. */
export function outcomeMail(view: OutcomeView): MailContent {
  const { asked, time_zone: zone, comment } = view;
  const by = view.decided_by === null ? null : oneLine(view.decided_by);
  const said: Block[] = comment?.trim() ? [{ kind: "quote", by: by ?? "The service", text: comment }] : [];
  return mailContent(`${STATUS_WORD[view.status]}: ${subjectLine(asked)}`, [
    { kind: "heading", text: HEADING[view.status] },
    amountBlock(asked),
    ...said,
    {
      kind: "facts",
      rows: [
        [by ? "Decided by" : "Ended by", by ?? "the service"],
        ["On", formatWhen(view.decided_at, zone)],
        ...(view.votes.length > 1
          ? [["All decisions", view.votes.map((vote) => voteText(vote, zone)).join("\n")] as const]
          : []),
        ...factRows(asked),
      ],
    },
    ...itemBlocks(asked),
    ...stepsBlocks("What happens now", view.next, zone),
    { kind: "footnote", text: "You get this mail because you requested it." },
  ]);
}

/** Why an approver need not decide any more. */
export type NoticeReason =
  | { kind: "revoked" }
  | { kind: "reassigned"; to: string }
  | { kind: "withdrawn"; reason: string }
  | { kind: "decided"; vote: CastVote }
  | { kind: "superseded"; changes: readonly { field: string; before: string; after: string }[] };

export interface NoticeView {
  asked: Asked;
  approver: string;
  reason: NoticeReason;
  at: string;
  time_zone?: string;
}

/** Tells an approver that the link mailed before is no longer good, and why. */
export function noticeMail(view: NoticeView): MailContent {
  const { asked, reason, time_zone: zone } = view;
  const [heading, text] = noticeText(reason, zone);
  return mailContent(`No longer needed: approval of ${subjectLine(asked)}`, [
    { kind: "heading", text: heading },
    amountBlock(asked),
    { kind: "paragraph", text },
    ...(reason.kind === "superseded"
      ? ([
          {
            kind: "steps",
            title: "What changed",
            rows: reason.changes.map(
              (c) => [c.field, `${oneLine(c.before) || "(none)"} → ${oneLine(c.after) || "(none)"}`] as const,
            ),
          },
        ] satisfies Block[])
      : []),
    { kind: "facts", rows: [...factRows(asked), ["Since", formatWhen(view.at, zone)]] },
    {
      kind: "footnote",
      text: `You get this mail because ${oneLine(view.approver)} was asked to approve this.`,
    },
  ]);
}

function noticeText(reason: NoticeReason, zone: string | undefined): [heading: string, text: string] {
  switch (reason.kind) {
    case "revoked":
      return ["Your link was taken back", "You need not decide. The link mailed to you no longer works."];
    case "reassigned":
      return [
        "Somebody else decides",
        `You need not decide: ${oneLine(reason.to)} was asked in your place. The link mailed to you no longer works.`,
      ];
    case "withdrawn":
      return ["The request was withdrawn", `You need not decide: ${oneLine(reason.reason, 400)}.`];
    case "decided":
      return [
        "Decided already",
        `You need not decide: ${oneLine(reason.vote.approver)} ${DECIDED[reason.vote.decision]} this on ` +
          `${formatWhen(reason.vote.at, zone)}.${reason.vote.comment?.trim() ? ` “${oneLine(reason.vote.comment, 400)}”` : ""}`,
      ];
    case "superseded":
      return [
        "What you were asked about has changed",
        "Decisions and links from before the change no longer count. Whoever must decide gets a new mail.",
      ];
  }
}
