import { Page } from "../show/page.tsx";

export default function WebhooksPage() {
  return <Page title="Webhooks">{null}</Page>;
}
