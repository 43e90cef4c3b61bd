import { oneLine } from "../markup.ts";
import { formatWhen, listed, subjectLine } from "../wording.ts";
import { askBlocks, whyText, type AskView } from "./asked.ts";
import type { Block } from "./blocks.ts";
import { mailContent, type MailContent } from "./document.ts";

const OWN_LINK = "The link is yours alone: please do not forward this mail. Opening it decides nothing.";

const why = (view: AskView): Block => ({
  kind: "footnote",
  text: `You get this mail because ${whyText(view)}. ${OWN_LINK}`,
});

/** Asks an approver. With `changes` it asks again about a changed subject. */
export function requestMail(view: AskView): MailContent {
  const again = (view.changes?.length ?? 0) > 0;
  return mailContent(`${again ? "Changed: approve" : "Approve"} ${subjectLine(view.asked)}?`, [
    { kind: "heading", text: again ? "Changed: please decide again" : "Your approval is needed" },
    ...askBlocks(view),
    why(view),
  ]);
}

export interface ReminderView extends AskView {
  /** When the approver was first asked. */
  asked_at: string;
}

/** Reminds an approver who has not decided. */
export const reminderMail = (view: ReminderView): MailContent =>
  mailContent(`Reminder: approve ${subjectLine(view.asked)}?`, [
    { kind: "heading", text: "Still waiting for your decision" },
    ...askBlocks(view),
    { kind: "footnote", text: `You were first asked on ${formatWhen(view.asked_at, view.time_zone)}.` },
    why(view),
  ]);

export interface EscalationView extends AskView {
  /** Why it came to this person, such as `nobody decided in time`. */
  because: string;
  /** Who was asked before. */
  asked_before: readonly string[];
}

/** Asks somebody to whom an open approval was escalated. */
export const escalationMail = (view: EscalationView): MailContent =>
  mailContent(`Escalated: approve ${subjectLine(view.asked)}?`, [
    { kind: "heading", text: "Escalated to you" },
    ...askBlocks(view),
    {
      kind: "footnote",
      text:
        `You get this mail because this approval was escalated to ${oneLine(view.approver)}: ${oneLine(view.because)}` +
        `${view.asked_before.length > 0 ? ` (asked before: ${listed(view.asked_before)})` : ""}. ${OWN_LINK}`,
    },
  ]);
