import { createHash } from "node:crypto";
import { STYLE } from "./style.ts";

/** All pages' style, and what only a timeline has. */
export const TIMELINE_STYLE = `${STYLE}
.trail>li{padding-bottom:1.1rem}
.trail>li p{margin:.1rem 0 0}
.trail>li.good::before{background:var(--accent)}
.trail>li.bad::before{background:var(--danger);border-color:var(--danger)}
.trail>li.waiting::before{background:var(--warn);border-color:var(--warn)}
.trail>li.plain::before{border-color:var(--field)}
.trail>li.bad p{color:var(--danger)}
.trail .what{font-weight:600}
.trail .who{color:var(--muted);font-size:.9rem}
.trail .gap-before{display:inline-block;margin-right:.5rem;padding:0 .5rem;border-radius:1rem;background:var(--soft);font-size:.85rem}
.trail .gap-before.long{background:var(--warn-soft);color:var(--warn)}
.trail details{margin-top:.25rem;font-size:.9rem}
.trail summary{margin:0;padding:.35rem 0;color:var(--muted);list-style-position:inside}
.trail pre{font-size:.8rem}
.trail .seq{color:var(--muted);font-variant-numeric:tabular-nums}
.pills{display:flex;flex-wrap:wrap;gap:.5rem;margin:0 0 .75rem}
.pills .pill{margin:0}
.trail li.fresh{animation:fresh 2s ease-out}
@keyframes fresh{from{background:var(--accent-soft)}}
@media (prefers-reduced-motion:reduce){.trail li.fresh{animation:none}}
`;

const hash = createHash("sha256").update(TIMELINE_STYLE).digest("base64");

/** One style sheet, scripts and connections of our own origin, nothing else; the link stands in the address and goes nowhere. */
export const TIMELINE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Robots-Tag": "noindex, nofollow",
  "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${hash}'; script-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types timeline`,
} as const;
