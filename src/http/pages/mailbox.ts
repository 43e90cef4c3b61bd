import type { MailboxEntry } from "../../mail/mailbox-store.ts";
import { markup, oneLine, plain, type Html } from "../../mail/markup.ts";
import { layout } from "./layout.ts";
import { moment } from "./parts.ts";

export interface MailboxView {
  /** Newest first. */
  mails: readonly MailboxEntry[];
  /** How many there are altogether, when not all are shown. */
  total?: number;
  /** The address that the list is narrowed to. */
  to?: string | null;
  /** Where the mailbox takes mail, for the hint. */
  smtp_url?: string;
}

/** `GET /dev/mailbox`, to be sent with `MAILBOX_HEADERS`. */
export const mailboxPage = (view: MailboxView): string =>
  layout({
    title: "Development mailbox",
    wide: true,
    body: markup`<section class="card"><h1>Development mailbox</h1>
<p class="muted">Every mail that the service sends lands here. None of it leaves this machine.</p>
<form class="gap bar" method="get"><div><label for="to">To</label>
<input type="search" id="to" name="to" value="${view.to ?? ""}" placeholder="finance@example.com" autocomplete="off" spellcheck="false"></div>
<button type="submit">Show</button></form>
</section>
${view.mails.length === 0 ? empty(view) : view.mails.map((mail, i) => shown(mail, i === 0))}`,
    footer: `${view.mails.length} of ${view.total ?? view.mails.length} mails, newest first.`,
  });

const empty = ({
  to,
  smtp_url,
}: MailboxView): Html => markup`<section class="card"><h2>No mail ${to ? markup`to <bdi>${to}</bdi>` : ""} yet</h2>
<p class="muted">Create an order of 1,000.00 USD or more and pay for it: its approvers get a mail.${smtp_url && markup` Any program may send mail here too: <code>${smtp_url}</code>`}</p>
</section>
`;

const shown = (mail: MailboxEntry, open: boolean): Html => markup`<details class="card"${open && " open"}>
<summary><strong><bdi>${oneLine(mail.subject, 160) || "(no subject)"}</bdi></strong>
<span class="muted small">to <bdi>${mail.to}</bdi>, ${moment(mail.at)}${mail.copies > 1 && `, ${mail.copies} copies`}</span></summary>
<div class="mail">
<section aria-label="Text part"><h2>Text</h2>
<pre>${linked(mail.text)}</pre></section>
${
  mail.html &&
  markup`<section aria-label="HTML part"><h2>HTML</h2>
<iframe title="HTML part of: ${mail.subject}" loading="lazy" sandbox="allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation" srcdoc="${framed(mail.html, "_top")}"></iframe></section>
`
}<p class="across muted small">${mail.id}, Message-ID ${mail.message_id || "none"}</p>
</div>
</details>
`;

/** Links of a mail lead out of its frame: in its place (`_top`), or to a window of their own. */
export function framed(source: string, target: "_top" | "_blank"): string {
  const base = `<base target="${target}">`;
  const head = /<head[^>]*>/i;
  return head.test(source) ? source.replace(head, (tag) => tag + base) : base + source;
}

/** The text with its addresses made links. */
const linked = (text: string): (Html | string)[] =>
  plain(text)
    .split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?'*)\]}])/i)
    .map((part, i) => (i % 2 === 1 ? markup`<a href="${part}">${part}</a>` : part));
