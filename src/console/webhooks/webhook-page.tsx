import { Page } from "../show/page.tsx";

export default function WebhookPage(_: { id: string }) {
  return <Page title="Webhook">{null}</Page>;
}
