import { markup } from "../../mail/markup.ts";
import { layout } from "./layout.ts";

/** What a mailed sign-in link opens: nothing has happened yet. */
export const signInPage = ({ tenant, address }: { tenant: string; address: string }): string =>
  layout({
    title: "Sign in",
    body: markup`<section class="card"><h1>Sign in to Countersign</h1>
<p class="lead">You will be signed in as ${address} at ${tenant}.</p>
<form method="post"><button class="primary full">Sign in</button></form>
<p class="muted small">If you did not ask for this link, close the page: nobody is signed in without the button.</p></section>
`,
  });

export const goneLinkPage = (): string =>
  layout({
    title: "This link has been used or has run out",
    body: markup`<section class="card"><h1>This link has been used or has run out</h1>
<p class="lead">It is good once, for a quarter of an hour. <a href="/sign-in">Ask for another one.</a></p></section>
`,
  });
