import { Page } from "../show/page.tsx";

export default function MailboxPage() {
  return <Page title="Mailbox">{null}</Page>;
}
