import { Page } from "../show/page.tsx";

export default function EndpointsPage() {
  return <Page title="Endpoints">{null}</Page>;
}
