import { Page } from "../show/page.tsx";

export default function EndpointPage(_: { id: string }) {
  return <Page title="Endpoint">{null}</Page>;
}
