import { Page } from "../show/page.tsx";

export default function ReconciliationsPage() {
  return <Page title="Reconciliation">{null}</Page>;
}
