import { formatMoney } from "../../domain/money.ts";
import { markup, oneLine, type Fragment, type Html } from "../../mail/markup.ts";
import {
  headlineOf,
  DECIDED,
  formatWhen,
  purposeOf,
  type Asked,
  type CastVote,
  type Change,
  type NextStep,
} from "../../mail/wording.ts";

export type Tone = "ok" | "bad" | "wait" | "plain";

export const pill = (tone: Tone, text: string): Html => markup`<p class="pill ${tone}">${text}</p>
`;

/** The amount as the page's heading. */
export const amountHeading = (asked: Asked): Html =>
  markup`<h1><span class="amount${headlineOf(asked).length > 15 && " long"}">${headlineOf(asked)}</span> <span class="purpose"><bdi>${purposeOf(asked)}</bdi></span></h1>
`;

/** Label and value pairs; those without a value are left out. */
export function facts(rows: readonly (readonly [label: string, value: Fragment])[]): Html {
  const given = rows.filter(
    ([, value]) => value !== null && value !== undefined && value !== false && value !== "",
  );
  return markup`${
    given.length > 0 &&
    markup`<dl>${given.map(([label, value]) => markup`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
`
  }`;
}

export const bdi = (text: string | null): Fragment =>
  text !== null && text.trim() !== "" && markup`<bdi>${text.trim()}</bdi>`;

export const askedFacts = (asked: Asked): readonly (readonly [string, Fragment])[] => [
  ["Customer", bdi(asked.customer)],
  ["Description", bdi(asked.description)],
  ["Reason", bdi(asked.reason)],
  ["Requested by", bdi(asked.requested_by)],
];

export function items(asked: Asked): Html | null {
  const { currency } = asked;
  if (asked.items.length === 0 || currency === null) return null;
  const money = (amount: number) => formatMoney({ amount, currency });
  const total = asked.items.reduce((sum, item) => sum + item.unit_amount * item.quantity, 0);
  return markup`<table>
<caption>Items</caption>
<thead><tr><th scope="col">Item</th><th scope="col">Amount</th></tr></thead>
<tbody>
${asked.items.map(
  (
    item,
  ) => markup`<tr><th scope="row"><bdi>${oneLine(item.sku)}</bdi><span class="hint">${item.quantity} × ${money(item.unit_amount)}</span></th><td>${money(item.unit_amount * item.quantity)}</td></tr>
`,
)}</tbody>
<tfoot><tr><th scope="row">Total</th><td>${money(total)}</td></tr></tfoot>
</table>
`;
}

export function moment(time: string, zone?: string): Html {
  const shown = formatWhen(time, zone);
  return shown === time ? markup`${shown}` : markup`<time datetime="${time}">${shown}</time>`;
}

/** `it is approved` → `It is approved`; an address keeps its own letters. */
export const sentenceCase = (text: string): string =>
  /^[^\s@]+(\s|$)/.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text;

/** A list of what happened or will happen, as a card; nothing when there is nothing to tell. */
export const timeline = (
  title: string,
  steps: readonly NextStep[] = [],
  zone?: string,
  done = false,
): Html | null =>
  steps.length === 0
    ? null
    : markup`<section class="card main"><h2>${title}</h2>
<ol>${steps.map((step) => markup`<li${done && markup` class="done"`}><span class="when">${moment(sentenceCase(step.when), zone)}</span><bdi>${sentenceCase(step.what)}</bdi></li>`)}</ol>
</section>
`;

export const voteLine = (vote: CastVote, zone?: string): Html =>
  markup`<strong><bdi>${oneLine(vote.approver)}</bdi></strong> ${DECIDED[vote.decision]} <span class="when">${moment(vote.at, zone)}</span>${
    vote.comment?.trim() ? markup`<blockquote><bdi>${vote.comment.trim()}</bdi></blockquote>` : ""
  }`;

export const voteList = (title: string, votes: readonly CastVote[], zone?: string): Html | null =>
  votes.length === 0
    ? null
    : markup`<section class="card main"><h2>${title}</h2>
<ul class="votes">${votes.map((vote) => markup`<li>${voteLine(vote, zone)}</li>`)}</ul>
</section>
`;

export const changeList = (changes: readonly Change[] = []): Html | null =>
  changes.length === 0
    ? null
    : markup`<div class="notice"><h2>What changed</h2>
<dl>${changes.map(
        (c) =>
          markup`<div><dt>${sentenceCase(oneLine(c.field, 60))}</dt><dd><del><bdi>${c.before || "none"}</bdi></del> → <ins><bdi>${c.after || "none"}</bdi></ins></dd></div>`,
      )}</dl>
</div>
`;

/** For whoever sent a decision that does not count. */
export const tooLate = (shown = false): Html | null =>
  shown
    ? markup`<p class="alert" role="alert">Your decision was not taken. Please read below what has become of this.</p>
`
    : null;

/** To whom a fresh link would go: the approver on file, whoever asks. */
export interface FreshLink {
  to: string;
}

/** `f•••@example.com`: enough to recognise one's own, too little to learn another's. */
export function masked(address: string): string {
  const line = oneLine(address);
  const at = line.lastIndexOf("@");
  return at < 1 ? "•••" : `${[...line][0] ?? ""}•••${line.slice(at)}`;
}

/** A form that posts `action=fresh_link` to the page's own path. */
export const freshLinkForm = (fresh: FreshLink | null): Html | null =>
  fresh &&
  markup`<form method="post"><input type="hidden" name="action" value="fresh_link">
<button class="primary full" type="submit">Mail me a fresh link</button>
<p class="muted small">It goes to ${masked(fresh.to)} and nowhere else.</p>
</form>
`;
