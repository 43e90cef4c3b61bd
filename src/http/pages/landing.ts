import { markup } from "../../mail/markup.ts";
import { layout } from "./layout.ts";

export interface LandingView {
  /** One line about what this is. */
  line: string;
  links: readonly { label: string; href: string; what: string }[];
}

/** `GET /`: what this is and where to go. */
export const landingPage = ({ line, links }: LandingView): string =>
  layout({
    title: "Countersign",
    body: markup`<section class="card"><h1>Countersign</h1>
<p class="lead">${line}</p>
<ul class="links">${links.map(({ label, href, what }) => markup`<li><a href="${href}">${label}</a><span class="hint">${what}</span></li>`)}</ul>
</section>
`,
  });
