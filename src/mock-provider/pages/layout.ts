import { Eta } from "eta";

/** Every value that a template shows with `<%= %>` is escaped; `<%~ %>` is only for parts rendered here. */
export const eta = new Eta({ autoEscape: true, cache: true });

const STYLE = `
:root{--ink:#1a1f36;--soft:#697386;--line:#e3e8ee;--brand:#3b4bd8;--wash:#f6f8fb;--bad:#b3093c;--good:#0a6b4b;color-scheme:light}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--wash)}
a{color:var(--brand)}
.test{background:#ffde92;color:#5c3d00;text-align:center;font-size:13px;font-weight:600;padding:6px 12px;letter-spacing:.02em}
h1{font-size:20px;margin:0 0 4px}h2{font-size:16px;margin:0 0 12px}
.soft{color:var(--soft)}.small{font-size:14px}
.card{background:#fff;border:1px solid var(--line);border-radius:12px;padding:24px;box-shadow:0 1px 2px rgba(26,31,54,.05)}
label{display:block;font-size:14px;font-weight:600;margin:14px 0 4px}
input{width:100%;font:inherit;padding:10px 12px;border:1px solid #c7cfda;border-radius:8px;background:#fff;color:inherit}
input:focus,button:focus-visible,a:focus-visible{outline:3px solid rgba(59,75,216,.35);outline-offset:1px;border-color:var(--brand)}
button{font:inherit;font-weight:600;border-radius:8px;border:1px solid #c7cfda;background:#fff;color:var(--ink);padding:10px 14px;cursor:pointer;min-height:44px}
button:hover{background:var(--wash)}
button.pay{width:100%;background:var(--brand);border-color:var(--brand);color:#fff;margin-top:20px;padding:13px}
button.pay.slim{width:auto;margin:0;padding:10px 22px}
button.pay:hover{background:#2f3cb5}
.notice{background:#fdeef2;border:1px solid #f4b8c8;color:var(--bad);border-radius:8px;padding:10px 12px;margin:0 0 14px;font-weight:500}
.center{max-width:460px;margin:48px auto;padding:0 16px}
`;

/** A whole HTML page around `body`, which must be rendered already. */
export const page = (title: string, body: string, style = "") =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${eta.renderString("<%= it.title %>", { title })}</title><style>${STYLE}${style}</style></head><body><div class="test">TEST MODE. This page belongs to the bundled mock provider; no money moves.</div>${body}</body></html>`;
