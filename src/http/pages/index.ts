export { confirmPage, type ConfirmView } from "./confirm.ts";
export { decidedPage, type DecidedView } from "./decided.ts";
export {
  expiredPage,
  revokedPage,
  supersededPage,
  type ExpiredView,
  type RevokedView,
  type SupersededView,
} from "./gone.ts";
export { landingPage, type LandingView } from "./landing.ts";
export { framed, mailboxPage, type MailboxView } from "./mailbox.ts";
export { PAGE_HEADERS, MAILBOX_HEADERS } from "./style.ts";
export {
  errorPage,
  freshLinkLaterPage,
  freshLinkSentPage,
  notFoundPage,
  takenPage,
  tooManyPage,
  type ErrorView,
} from "./trouble.ts";
export type { FreshLink } from "./parts.ts";
export { goneLinkPage, signInPage } from "./sign-in.ts";
