import { Page } from "../show/page.tsx";

export default function NewOrderPage() {
  return <Page title="New order">{null}</Page>;
}
