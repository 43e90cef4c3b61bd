import { oneLine } from "../markup.ts";
import { mailContent, type MailContent } from "./document.ts";

export interface SignInView {
  /** Opens a page with a button; opening it signs nobody in. */
  link: string;
  tenant: string;
  minutes: number;
}

/** A link to sign in to the console by. */
export const signInMail = ({ link, tenant, minutes }: SignInView): MailContent =>
  mailContent("Sign in to Countersign", [
    { kind: "heading", text: "Sign in to Countersign" },
    {
      kind: "paragraph",
      text: `The link opens a page with a button that signs you in to the console of ${oneLine(tenant, 80)}. It works once, for ${minutes} minutes.`,
    },
    { kind: "button", label: "Sign in", link },
    {
      kind: "footnote",
      text: "If you did not ask for it, do nothing: without the button nobody is signed in. Do not forward this mail.",
    },
  ]);
