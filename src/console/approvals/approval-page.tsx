import { Page } from "../show/page.tsx";

export default function ApprovalPage(_: { id: string }) {
  return <Page title="Approval">{null}</Page>;
}
