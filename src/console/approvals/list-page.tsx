import { Page } from "../show/page.tsx";

export default function ApprovalsPage() {
  return <Page title="Approvals">{null}</Page>;
}
