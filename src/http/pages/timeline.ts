import { entryText } from "../../audit/sentences.ts";
import { toneOf } from "../../audit/tone.ts";
import type { VerdictAgainst } from "../../audit/known-heads.ts";
import type { AuditEntry } from "../../domain/audit-entry.ts";
import { formatMoney } from "../../domain/money.ts";
import { markup, oneLine, trusted, type Fragment, type Html } from "../../mail/markup.ts";
import { bdi, facts, pill, sentenceCase, type Tone } from "./parts.ts";
import { TIMELINE_STYLE } from "./timeline-style.ts";

/** What stands above the entries. */
export interface TimelineSummary {
  reference: string;
  amount: number;
  currency: string;
  status: string;
  /** Whether the order has come to an end. */
  ended: boolean;
  customer: string | null;
  created_at: string;
  entries: number;
  /** Null: too long to be verified for a page. */
  verdict: VerdictAgainst | null;
}

export interface TimelineItem {
  /** As people read it. */
  entry: AuditEntry;
  /** When the entry before it was written; null before the first. */
  before: string | null;
}

export interface TimelineView {
  order_id: string;
  summary: TimelineSummary;
  items: readonly TimelineItem[];
  links: TimelineLinks;
  now: Date;
  /** The page of older entries, and until when the link opens the page. */
  older: string | null;
  expires_at: string;
}

/** Where more about an entry is to be seen by this reader; null: nowhere. */
export interface TimelineLinks {
  webhook: (eventId: string) => string | null;
  mail: (to: string) => string | null;
}

/** One order's trail for people: what, who, when, and how long it waited. */
export const timelinePage = (view: TimelineView): string =>
  document(
    `${view.summary.reference}: timeline`,
    markup`<div id="summary">${timelineSummary(view.summary, view.now)}</div>
<section class="card" aria-labelledby="happened"><h2 id="happened">What happened</h2>
<p class="muted small" id="live" role="status">This is how it was on ${stamp(view.now.toISOString())}. Load the page again to see more.</p>
${view.older && markup`<p><a href="${view.older}">Older entries</a></p>`}
<ol class="trail" id="trail" data-last="${view.items.at(-1)?.entry.seq ?? -1}">
${view.items.map((item) => timelineItem(item, view.links, view.now))}</ol>
</section>
`,
    markup`<bdi>${view.order_id}</bdi> · All times are UTC. This link opens this page until ${stamp(view.expires_at)}.`,
    true,
  );

export const timelineSummary = (summary: TimelineSummary, now: Date): Html =>
  markup`<section class="card"><div class="pills">${pill(statusTone(summary), sentenceCase(summary.status.replaceAll("_", " ")))}${badge(summary)}</div>
<h1><span class="amount">${formatMoney(summary)}</span> <span class="purpose"><bdi>${oneLine(summary.reference, 80)}</bdi></span></h1>
${facts([
  ["Customer", bdi(summary.customer)],
  ["Accepted", markup`${stamp(summary.created_at)}, ${ago(summary.created_at, now)}`],
  ["Entries", String(summary.entries)],
  ["Proof", proof(summary)],
])}</section>
`;

const GOOD_ENDS = new Set(["completed", "refunded", "partially_refunded"]);
const statusTone = ({ status, ended }: TimelineSummary): Tone =>
  GOOD_ENDS.has(status) ? "ok" : ended || status === "payment_failed" ? "bad" : "wait";

function badge({ verdict }: TimelineSummary): Html {
  if (verdict === null) return pill("plain", "Trail not verified here");
  return verdict.valid ? pill("ok", "✓ Trail verified") : pill("bad", "✗ Trail NOT valid");
}

function proof({ verdict, entries }: TimelineSummary): string {
  if (verdict === null) return `${entries} entries are too many for a page: countersign verify proves them.`;
  if (!verdict.valid)
    return (
      `Entry ${verdict.first_bad_seq ?? verdict.entries}: ${verdict.fault ?? "not valid"}` +
      `${verdict.contradicts ? `, against ${verdict.contradicts}` : ""}. The ${verdict.entries} before it are proven.`
    );
  const stated = verdict.vouched ?? 0;
  return stated === 0
    ? "Every entry follows from the one before it. No checkpoint states them yet."
    : `Every entry follows from the one before it; a signed checkpoint states ${stated === entries ? "all of them" : `the first ${stated}`}.`;
}

/** One entry, as the page has it and as it is added while the page is open. */
export function timelineItem({ entry, before }: TimelineItem, links: TimelineLinks, now: Date): Html {
  const { seq, type, at, actor, data } = entry;
  const more = moreLinks(data, links);
  return markup`<li class="${toneOf(type)}" id="entry-${seq}"><span class="when">${waited(before, at)}${stamp(at, true)} · ${ago(at, now)}</span>
<p class="what"><bdi>${oneLine(entryText(type, data), 400)}</bdi></p>
<p class="who"><bdi>${actorText(actor)}</bdi>${more.map((link) => markup` · ${link}`)}</p>
<details><summary><span class="seq">#${seq}</span> ${type}</summary><pre tabindex="0">${JSON.stringify(data, null, 2)}</pre></details></li>
`;
}

const actorText = ({ type, id }: AuditEntry["actor"]): string =>
  type === "system" || type === id ? type : `${type} ${oneLine(id, 120)}`;

function moreLinks(data: AuditEntry["data"], { webhook, mail }: TimelineLinks): Html[] {
  const { source, to } = data;
  const [, eventId] = typeof source === "string" ? (/^webhook (\S+)$/.exec(source) ?? []) : [];
  const shown: Html[] = [];
  const event = eventId === undefined ? null : webhook(eventId);
  if (event !== null) shown.push(markup`<a href="${event}">Webhook</a>`);
  else if (typeof source === "string") shown.push(markup`by ${oneLine(source, 120)}`);
  const mailed = typeof data["mail"] === "string" && typeof to === "string" ? mail(to) : null;
  if (mailed !== null) shown.push(markup`<a href="${mailed}">Mail</a>`);
  return shown;
}

/** `2026-11-22 14:03:22 UTC` */
const stamp = (time: string, exact = false): Html =>
  markup`<time datetime="${time}">${time.slice(0, exact ? 19 : 16).replace("T", " ")} UTC</time>`;

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** `3 minutes ago`; the script keeps it true. */
function ago(time: string, now: Date): Html {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
  const [unit, size] = UNITS.find(([, each]) => seconds >= each) ?? UNITS[3];
  return markup`<time class="ago" datetime="${time}">${words.format(-Math.round(seconds / size), unit)}</time>`;
}

const LONG_S = 3_600;

/** `after 2 h 5 min`; nothing for what came within a second. */
function waited(before: string | null, at: string): Fragment {
  const seconds = before === null ? 0 : Math.floor((Date.parse(at) - Date.parse(before)) / 1000);
  return (
    seconds >= 1 &&
    markup`<span class="gap-before${seconds >= LONG_S && " long"}">after ${durationText(seconds)}</span>`
  );
}

/** `4 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`: the two largest units. */
export function durationText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(Math.max(first, 0), Math.max(first, 0) + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}

/** A webhook behind an entry. */
export interface SourceView {
  event_id: string;
  type: string;
  provider: string;
  state: string;
  received_at: string;
  /** Laid out, when it is JSON. */
  body: string;
  back: string;
}

export const sourcePage = (view: SourceView): string =>
  document(
    `Webhook ${view.event_id}`,
    markup`<section class="card"><h1>Webhook</h1>
${facts([
  ["Event", bdi(view.event_id)],
  ["Type", bdi(view.type)],
  ["From", bdi(view.provider)],
  ["State", view.state],
  ["Received", stamp(view.received_at, true)],
])}<pre tabindex="0">${view.body}</pre>
<p class="gap"><a href="${view.back}">Back to the timeline</a></p></section>
`,
    null,
    false,
  );

/** A short page that says one thing, for a link that opens nothing. */
export const noTimelinePage = (title: string, text: string): string =>
  document(
    title,
    markup`<section class="card"><h1>${title}</h1><p class="lead">${text}</p></section>`,
    null,
    false,
  );

const document = (title: string, body: Fragment, footer: Fragment, live: boolean): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<title>${oneLine(title, 120)} · Countersign</title>
<style>${trusted(TIMELINE_STYLE)}</style>
</head>
<body>
<div class="wrap">
<header class="brand"><span>Countersign</span></header>
<main>
${body}</main>
${footer && markup`<footer>${footer}</footer>`}
</div>
${live && trusted(`<script src="/assets/timeline.js" defer></script>`)}
</body>
</html>
`.text;
