import { oneLine } from "../markup.ts";
import { formatWhen, subjectLine, type Asked } from "../wording.ts";
import { amountBlock, factRows } from "./asked.ts";
import { mailContent, type MailContent } from "./document.ts";

/** An approver who gets no mail. */
export interface UnreachableView {
  asked: Asked;
  /** The address that refused it. */
  to: string;
  /** What the mail server said. */
  reason: string;
  at: string;
  time_zone?: string;
}

/** Tells the operator that somebody who was asked cannot be reached, and what was done about it. */
export const unreachableMail = ({ asked, to, reason, at, time_zone: zone }: UnreachableView): MailContent =>
  mailContent(`Approver cannot be reached: ${subjectLine(asked)}`, [
    { kind: "heading", text: "An approver cannot be reached" },
    amountBlock(asked),
    {
      kind: "paragraph",
      text: `Mail to ${oneLine(to)} was refused for good. If the policy names people to escalate to, they have been asked.`,
    },
    {
      kind: "paragraph",
      text: "Correct the address in the policy for the next time. For this one, reassign it to somebody who can be reached.",
    },
    {
      kind: "facts",
      rows: [["The server said", oneLine(reason, 400)], ...factRows(asked), ["On", formatWhen(at, zone)]],
    },
    { kind: "footnote", text: "You get this mail because OPERATOR_EMAIL names you." },
  ]);
