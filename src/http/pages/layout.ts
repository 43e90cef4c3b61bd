import { markup, trusted, type Fragment } from "../../mail/markup.ts";
import { STYLE } from "./style.ts";

const LOGO = trusted(
  `<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><rect width="24" height="24" rx="7" fill="currentColor" opacity=".16"/><path d="M6 12.6l4 4 8-9" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>`,
);

interface Layout {
  /** Without the product's name, which is added. */
  title: string;
  wide?: boolean;
  /** In place of the style of all pages; the page's policy names its hash. */
  style?: string;
  body: Fragment;
  footer?: Fragment;
}

/** A whole page. There is no script on any of them. */
export const layout = ({ title, wide = false, style = STYLE, body, footer }: Layout): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<title>${title === "Countersign" ? title : `${title} · Countersign`}</title>
<style>${trusted(style)}</style>
</head>
<body>
<div class="wrap${wide && " wide"}">
<header class="brand">${LOGO}<span>Countersign</span></header>
<main>
${body}</main>
${footer ? markup`<footer>${footer}</footer>` : ""}
</div>
</body>
</html>
`.text;
