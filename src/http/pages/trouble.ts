import { markup } from "../../mail/markup.ts";
import { layout } from "./layout.ts";
import { masked, pill } from "./parts.ts";

/** A short page that says one thing. */
const message = (title: string, text: string, note?: string | null): string =>
  layout({
    title,
    body: markup`<section class="card"><h1>${title}</h1>
<p class="lead">${text}</p>
${note ? markup`<p class="muted small">${note}</p>` : ""}</section>
`,
  });

/** Says nothing about what might have been there. */
export const notFoundPage = (): string =>
  message(
    "This link leads nowhere",
    "It may have been cut off by a mail program. Open it again from the mail, or copy all of the address.",
    "Nothing was decided.",
  );

const minutes = (seconds: number): string =>
  seconds <= 60 ? "a minute" : `${Math.ceil(seconds / 60)} minutes`;

export const tooManyPage = ({ retry_after_s }: { retry_after_s: number }): string =>
  message(
    "Too many tries",
    `Please wait ${minutes(retry_after_s)} and open the link again.`,
    "Nothing was decided by this request.",
  );

/** After `action=fresh_link`. It reads the same whether or not a mail was sent. */
export const freshLinkSentPage = ({ to }: { to: string }): string =>
  layout({
    title: "A fresh link is on its way",
    body: markup`<section class="card">${pill("ok", "Mailed")}<h1>A fresh link is on its way</h1>
<p class="lead">Look into the inbox of ${masked(to)}. This old link stays closed.</p></section>
`,
  });

/** Where a fresh link was asked for too often. */
export const freshLinkLaterPage = ({ to, retry_after_s }: { to: string; retry_after_s: number }): string =>
  layout({
    title: "Links were mailed already",
    body: markup`<section class="card">${pill("wait", "Mailed already")}<h1>Links were mailed already</h1>
<p class="lead">Look into the inbox of ${masked(to)}, and where it keeps spam.</p>
<p class="muted small">Another one can be mailed in ${minutes(retry_after_s)}.</p></section>
`,
  });

/** A decision that is kept and will be counted, though not yet. */
export const takenPage = (): string =>
  message(
    "Your decision has arrived",
    "It has not been counted so far, which takes longer than usual. Open the link from the mail again in a minute: it shows what became of it.",
    "You need not decide again.",
  );

export interface ErrorView {
  title: string;
  message: string;
  /** To name when asking for help. */
  request_id?: string | null;
}

export const errorPage = ({ title, message: text, request_id }: ErrorView): string =>
  message(title, text, request_id ? `Reference for support: ${request_id}` : null);
