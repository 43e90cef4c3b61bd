import { createHash } from "node:crypto";

/** The one style sheet of all pages: phone first, light and dark, no asset. Inline, so a page is one response. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#eef1f4;--card:#fff;--ink:#16212b;--muted:#53616d;--line:#dfe5ea;--field:#76848f;--soft:#f3f6f8;--accent:#0b6750;--on-accent:#fff;--accent-soft:#e3f3ed;--danger:#a3262a;--danger-soft:#fbeaea;--warn:#7a4f00;--warn-soft:#fbf1dc;--focus:#1457c4}
@media (prefers-color-scheme:dark){:root{--bg:#0e1418;--card:#182026;--ink:#e9eef1;--muted:#a3b2bd;--line:#2b363e;--field:#74848f;--soft:#1f2930;--accent:#5fd6ae;--on-accent:#07241b;--accent-soft:#14352b;--danger:#ff9b94;--danger-soft:#3a1e1f;--warn:#f2c46d;--warn-soft:#35290f;--focus:#8ab8ff}}
*,::before{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:4px}
.wrap{max-width:40rem;margin:0 auto;padding:1rem}
.wide{max-width:66rem}
.brand{display:flex;align-items:center;gap:.5rem;margin:.25rem 0 1rem;color:var(--muted);font-weight:600;font-size:.95rem}
.brand svg{width:1.5rem;height:1.5rem;color:var(--accent)}
.brand a{color:inherit;text-decoration:none}
.card{background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:1.25rem;margin:0 0 1rem}
.pill{display:inline-block;margin:0 0 .75rem;padding:.2rem .7rem;border-radius:1rem;background:var(--soft);color:var(--ink);font-size:.85rem;font-weight:600}
.ok{background:var(--accent-soft);color:var(--accent)}
.bad{background:var(--danger-soft);color:var(--danger)}
.wait{background:var(--warn-soft);color:var(--warn)}
h1{margin:0;font-size:1.5rem;line-height:1.25;letter-spacing:-.01em}
h2{margin:0 0 .5rem;font-size:1rem;line-height:1.4}
.amount{display:block;font-size:2.1rem;line-height:1.15;font-weight:700;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.amount.long{font-size:1.5rem}
.purpose{display:block;margin-top:.25rem;font-size:1.1rem;font-weight:400;line-height:1.4;letter-spacing:0;color:var(--muted)}
.lead{margin:.75rem 0 0;font-size:1.05rem}
.muted{color:var(--muted)}
.small{font-size:.9rem}
p{margin:.5rem 0 0}
dl{margin:1rem 0 0}
dl>div{display:grid;grid-template-columns:6.4rem 1fr;gap:.5rem;padding:.55rem 0;border-top:1px solid var(--line)}
dl>div:last-child{padding-bottom:0}
dt{color:var(--muted);font-size:.9rem;line-height:1.65}
dd{margin:0;white-space:pre-line}
table{width:100%;border-collapse:collapse;margin-top:1rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding-bottom:.35rem}
th,td{padding:.55rem 0 .55rem .75rem;border-top:1px solid var(--line);text-align:right;vertical-align:top;font-weight:400}
thead th{border-top:0;padding-top:0;color:var(--muted);font-size:.9rem}
th:first-child{padding-left:0;text-align:left;width:46%}
td,thead th{white-space:nowrap;overflow-wrap:normal}
tfoot th,tfoot td{font-weight:700;padding-bottom:0}
ol,.votes{list-style:none;margin:.75rem 0 0;padding:0}
ol>li{position:relative;padding:0 0 1rem 1.4rem;border-left:2px solid var(--line);margin-left:.4rem}
ol>li:last-child{padding-bottom:0;border-color:transparent}
ol>li::before{content:"";position:absolute;left:calc(-.375rem - 1px);top:.35rem;width:.75rem;height:.75rem;border-radius:50%;border:2px solid var(--accent);background:var(--card)}
ol>li.done::before{background:var(--accent)}
.when{display:block;color:var(--muted);font-size:.9rem}
.votes>li{padding:.55rem 0;border-top:1px solid var(--line)}
.votes>li:first-child{border-top:0;padding-top:0}
blockquote{margin:.5rem 0 0;padding:.5rem .85rem;border-left:3px solid var(--accent);background:var(--soft);white-space:pre-line}
label,legend{display:block;font-weight:600}
fieldset{border:0;margin:0;padding:0;min-width:0}
.hint{display:block;color:var(--muted);font-size:.9rem;font-weight:400}
textarea,input[type=text],input[type=search]{display:block;width:100%;margin-top:.4rem;padding:.7rem .8rem;border:1px solid var(--field);border-radius:.6rem;background:var(--card);color:var(--ink);font:inherit}
textarea{min-height:6rem;resize:vertical}
.gap{margin-top:1rem}
.buttons{display:grid;grid-template-columns:2fr 3fr;gap:.75rem;margin-top:1rem}
.buttons .first{grid-column:1/-1}
button{min-height:3rem;padding:.6rem .5rem;border:1px solid var(--field);border-radius:.7rem;background:var(--card);color:var(--ink);font:inherit;font-weight:600;cursor:pointer}
button:hover{background:var(--soft)}
button.primary{background:var(--accent);border-color:var(--accent);color:var(--on-accent);font-size:1.1rem;min-height:3.4rem}
button.primary:hover{filter:brightness(1.08)}
button.danger{color:var(--danger);border-color:var(--danger)}
button.danger:hover{background:var(--danger-soft)}
.full{width:100%;margin-top:1rem}
.alert{margin:0 0 1rem;padding:.7rem .9rem;border-radius:.6rem;background:var(--danger-soft);color:var(--danger);font-weight:600}
.notice{margin:0 0 1rem;padding:.8rem .9rem;border-radius:.6rem;background:var(--warn-soft)}
.notice h2{color:var(--warn)}
.notice dl{margin:0}
.notice dl>div{border:0;padding:.15rem 0}
del{color:var(--muted)}
ins{font-weight:600;text-decoration:none}
.code{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:nowrap}
footer{padding:.25rem .25rem 1.5rem;color:var(--muted);font-size:.9rem}
.links{list-style:none;margin:1rem 0 0;padding:0}
.links>li{padding:.7rem 0;border-top:1px solid var(--line)}
.links a{font-weight:600}
.bar{display:grid;gap:.75rem;grid-template-columns:1fr auto;align-items:end}
.bar button{min-height:2.9rem;padding:.6rem 1.25rem}
details.card{padding:0}
summary{margin-left:2.25rem;padding:1rem 1.25rem 1rem 0;cursor:pointer;list-style-position:outside}
summary strong{display:block}
.mail{padding:0 1.25rem 1.25rem}
.mail section{margin-top:1rem;min-width:0}
pre{margin:.5rem 0 0;padding:1rem;border:1px solid var(--line);border-radius:.6rem;background:var(--soft);white-space:pre-wrap;font:.9rem/1.5 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
iframe{display:block;width:100%;height:44rem;margin-top:.5rem;border:1px solid var(--line);border-radius:.6rem;background:var(--bg)}
@media (max-width:24rem){td{white-space:normal;overflow-wrap:anywhere}}
@media (min-width:56rem){
.wrap{padding:2rem 1.5rem}
.card{padding:1.75rem}
dl>div{grid-template-columns:minmax(6.4rem,32%) 1fr}
.two{display:grid;grid-template-columns:minmax(0,1fr) 23rem;gap:0 1.25rem;align-items:start}
.two>.side{grid-column:2;grid-row:1/span 3;position:sticky;top:1.25rem}
.two>.main{grid-column:1}
.mail{display:grid;grid-template-columns:1fr 1fr;gap:0 1.25rem}
.mail>.across{grid-column:1/-1}
}
`;

const hash = createHash("sha256").update(STYLE).digest("base64");

const COMMON = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  // With `no-referrer` the browser would send `Origin: null` on the form's POST.
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "X-Robots-Tag": "noindex, nofollow",
} as const;

/** Of the approver's pages, the error pages and the landing page: one known style sheet, forms to here, and nothing else. */
export const PAGE_HEADERS = {
  ...COMMON,
  "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
} as const;

/** Of the mailbox page: the mails in its frames inherit the policy, and mails have inline styles. */
export const MAILBOX_HEADERS = {
  ...COMMON,
  "Content-Security-Policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
} as const;
