import { markup, oneLine, trusted, type Html } from "../markup.ts";
import { given, type Block, type ItemRow } from "./blocks.ts";

// Inline, since many mail clients drop style sheets; the sheet below only turns the colours for the dark.
const FONT = "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
const WRAP = "overflow-wrap:anywhere;word-break:break-word";
const STYLE = {
  body: `margin:0;padding:0;background:#eef1f4;color:#16212b;${FONT};-webkit-text-size-adjust:100%`,
  page: "width:100%;background:#eef1f4;border-collapse:collapse",
  outer: "padding:24px 12px",
  card: "width:100%;max-width:560px;background:#ffffff;border-radius:14px;border-collapse:separate;table-layout:fixed",
  inner: `padding:28px 24px;${FONT};font-size:16px;line-height:1.5;color:#16212b;${WRAP}`,
  brand: `margin:0 auto;max-width:560px;padding:0 4px 12px;text-align:left;${FONT};font-size:14px;font-weight:600;color:#53616d`,
  heading: "margin:0 0 12px;font-size:15px;line-height:1.4;font-weight:600;color:#0b6750",
  amount: "margin:0;font-size:34px;line-height:1.15;font-weight:700;letter-spacing:-0.5px",
  longAmount: "margin:0;font-size:25px;line-height:1.2;font-weight:700",
  purpose: "margin:4px 0 20px;font-size:17px;line-height:1.4;color:#53616d",
  paragraph: "margin:0 0 16px;white-space:pre-line",
  table: "width:100%;border-collapse:collapse;table-layout:fixed;margin:0 0 20px",
  label: `width:34%;padding:7px 12px 7px 0;border-top:1px solid #dfe5ea;vertical-align:top;text-align:left;font-size:14px;line-height:1.5;font-weight:400;color:#53616d;${WRAP}`,
  value: `padding:7px 0;border-top:1px solid #dfe5ea;vertical-align:top;font-size:15px;line-height:1.45;white-space:pre-line;${WRAP}`,
  number:
    "padding:7px 0;border-top:1px solid #dfe5ea;vertical-align:top;text-align:right;font-size:15px;line-height:1.45",
  small: "font-size:13px;line-height:1.4;color:#53616d",
  quote: `margin:0 0 20px;padding:10px 14px;border-left:3px solid #0b6750;background:#f3f6f8;font-size:15px;line-height:1.5;white-space:pre-line;${WRAP}`,
  title: "margin:0 0 6px;font-size:14px;line-height:1.4;font-weight:600",
  button: `display:block;padding:14px 20px;border-radius:10px;background:#0b6750;color:#ffffff;text-align:center;text-decoration:none;font-size:17px;line-height:1.3;font-weight:600;${FONT}`,
  plainLink: `margin:8px 0 24px;font-size:13px;line-height:1.4;color:#53616d;word-break:break-all`,
  link: "color:#0b6750",
  footnote: `margin:0 auto;max-width:560px;padding:14px 4px 0;text-align:left;${FONT};font-size:13px;line-height:1.5;color:#53616d;white-space:pre-line;${WRAP}`,
} as const;

const DARK = trusted(`:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.bg{background:#0e1418!important}
.card{background:#182026!important}
.ink{color:#e9eef1!important}
.muted{color:#a3b2bd!important}
.line{border-color:#2b363e!important}
.accent{color:#5fd6ae!important}
.soft{background:#1f2930!important;border-color:#5fd6ae!important}
.button{background:#5fd6ae!important;color:#07241b!important}
}`);

/** A mail's HTML part: one file, no asset, readable on a phone, light or dark. */
export function renderHtml(title: string, blocks: readonly Block[]): string {
  const body = blocks.filter((block) => block.kind !== "footnote").map(htmlOf);
  const footnotes = blocks.filter((block) => block.kind === "footnote").map(htmlOf);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>${title}</title>
<style>
${DARK}
</style>
</head>
<body class="bg ink" style="${STYLE.body}">
<table role="presentation" class="bg" cellpadding="0" cellspacing="0" border="0" style="${STYLE.page}"><tr><td align="center" style="${STYLE.outer}">
<div class="muted" style="${STYLE.brand}">Countersign</div>
<table role="presentation" class="card" cellpadding="0" cellspacing="0" border="0" style="${STYLE.card}"><tr><td class="ink" style="${STYLE.inner}">
${body}</td></tr></table>
${footnotes}</td></tr></table>
</body>
</html>
`.text;
}

function htmlOf(block: Block): Html {
  switch (block.kind) {
    case "heading":
      return markup`<h1 class="accent" style="${STYLE.heading}">${oneLine(block.text)}</h1>
`;
    case "amount":
      return markup`<p class="ink" style="${block.amount.length > 15 ? STYLE.longAmount : STYLE.amount}">${block.amount}</p>
<p class="muted" style="${STYLE.purpose}"><bdi>${oneLine(block.purpose)}</bdi></p>
`;
    case "paragraph":
      return markup`<p style="${STYLE.paragraph}">${block.text}</p>
`;
    case "facts":
      return table(given(block.rows));
    case "quote":
      return markup`<div class="soft ink" style="${STYLE.quote}"><span class="muted" style="${STYLE.small}"><bdi>${oneLine(block.by)}</bdi> wrote:</span>
<bdi>${block.text.trim()}</bdi></div>
`;
    case "items":
      return markup`<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="${STYLE.table}">
${block.rows.map(itemRow)}<tr><td class="line" style="${STYLE.value}"><b>Total</b></td><td class="line" style="${STYLE.number}"><b>${block.total}</b></td></tr>
</table>
`;
    case "steps":
      return markup`<h2 style="${STYLE.title}">${block.title}</h2>
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="${STYLE.table}">
${given(block.rows).map(stepRow)}</table>
`;
    case "button":
      return markup`<a class="button" href="${block.link}" style="${STYLE.button}">${block.label}</a>
<p class="muted" style="${STYLE.plainLink}">${block.link}</p>
`;
    case "footnote":
      return markup`<div class="muted" style="${STYLE.footnote}">${block.text}</div>
`;
  }
}

const table = (rows: readonly (readonly [string, string])[]): Html =>
  rows.length === 0
    ? trusted("")
    : markup`<table cellpadding="0" cellspacing="0" border="0" style="${STYLE.table}">
${rows.map(factRow)}</table>
`;

const factRow = ([label, value]: readonly [string, string]): Html =>
  markup`<tr><th scope="row" class="muted line" style="${STYLE.label}">${label}</th>
<td class="line" style="${STYLE.value}"><bdi>${value.trim()}</bdi></td></tr>
`;

const itemRow = (row: ItemRow): Html =>
  markup`<tr><td class="line" style="${STYLE.value}"><bdi>${oneLine(row.name)}</bdi><br><span class="muted" style="${STYLE.small}">${row.quantity} × ${row.each}</span></td>
<td class="line" width="42%" style="${STYLE.number}">${row.total}</td></tr>
`;

const stepRow = ([when, what]: readonly [string, string]): Html =>
  markup`<tr><td class="line" style="${STYLE.value}"><span class="muted" style="${STYLE.small}">${oneLine(when)}</span><br><bdi>${oneLine(what, 400)}</bdi></td></tr>
`;
