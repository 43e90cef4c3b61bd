import { Page } from "../show/page.tsx";

export default function OrderPage(_: { id: string }) {
  return <Page title="Order">{null}</Page>;
}
