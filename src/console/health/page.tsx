import { Page } from "../show/page.tsx";

export default function HealthPage() {
  return <Page title="Health">{null}</Page>;
}
