import { markup } from "../../mail/markup.ts";
import { fingerprint, whyText, type AskView } from "../../mail/templates/asked.ts";
import { gateRule, listed, subjectLine } from "../../mail/wording.ts";
import { layout } from "./layout.ts";
import {
  amountHeading,
  askedFacts,
  bdi,
  changeList,
  facts,
  items,
  moment,
  pill,
  timeline,
  voteList,
} from "./parts.ts";

/** What the approver decides about; the vote carries the hash of it. */
export interface ConfirmView extends Omit<AskView, "link" | "content_hash"> {
  content_hash: string;
  /** What must be typed to approve, such as `12,500.00`; for high tiers. */
  confirm_amount?: string | null;
  /** Why the last try was not taken, and what was typed in it. */
  error?: string | null;
  comment?: string;
}

/**
 * The decision form. It posts `decision` (`approve`, `reject`, `request_changes`), `comment`, `content_hash` and, where
 * asked for, `confirm_amount` to its own path.
 */
export const confirmPage = (view: ConfirmView): string =>
  layout({
    title: `Approve ${subjectLine(view.asked)}?`,
    wide: true,
    body: markup`<div class="two">
<section class="card main">
${pill("wait", "Your decision is needed")}${changeList(view.changes)}${amountHeading(view.asked)}${facts([
      ...askedFacts(view.asked),
      ["Decide by", moment(view.deadline_at, view.time_zone)],
      ["Who decides", bdi(gateRule(view.gate))],
      ["Asked", view.gate.approvers.length > 1 && bdi(listed(view.gate.approvers))],
      ["Stage", view.stage.of > 1 && `${view.stage.number} of ${view.stage.of}`],
    ])}${items(view.asked)}</section>
<section class="card side" aria-labelledby="decide">
<h2 id="decide">Your decision</h2>
${form(view)}</section>
${voteList("Decided so far", view.votes, view.time_zone)}${timeline("What happens next", view.next, view.time_zone)}</div>
`,
    footer: markup`You decide as <bdi>${view.approver}</bdi>, because <bdi>${whyText(view)}</bdi>. Your decision is recorded in the audit trail, with the fingerprint of what is shown here: <span class="code">${fingerprint(view.content_hash)}</span>`,
  });

/**
 * The fragment brings whoever has to try again back to the form, on a phone too. The first button is disabled so that
 * Enter in a field submits nothing: a decision is a click on what it says.
 */
const form = (view: ConfirmView) => markup`<form method="post" action="#decide">
<button type="submit" disabled hidden></button>
${view.error ? markup`<p class="alert" role="alert" id="error">${view.error}</p>` : ""}<input type="hidden" name="content_hash" value="${view.content_hash}">
<label for="comment">Comment <span class="hint" id="comment-hint">Optional. The requester sees it.</span></label>
<textarea id="comment" name="comment" rows="3" maxlength="2000" aria-describedby="comment-hint">${view.comment ?? ""}</textarea>
${
  view.confirm_amount
    ? markup`<label class="gap" for="confirm_amount">Type the amount to approve <span class="hint" id="amount-hint">${view.confirm_amount}, with or without separators</span></label>
<input type="text" id="confirm_amount" name="confirm_amount" required inputmode="decimal" autocomplete="off" spellcheck="false" aria-describedby="amount-hint${view.error && " error"}"${view.error && markup` aria-invalid="true"`}>
`
    : ""
}<div class="buttons">
<button class="primary first" type="submit" name="decision" value="approve">Approve</button>
<button class="danger" type="submit" name="decision" value="reject" formnovalidate>Reject</button>
<button type="submit" name="decision" value="request_changes" formnovalidate>Request changes</button>
</div>
</form>
`;
