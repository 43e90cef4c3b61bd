import type { OrderView } from "../../contract/answers/orders.ts";

export type MoneyPart = "kept" | "held" | "refunded" | "disputed" | "lost";

/** Where the order's money is, in minor units; what is nothing is left out. Money lost in a dispute is kept no more. */
export function partsOf({
  payment,
  ledger,
}: Pick<OrderView, "payment" | "ledger">): [part: MoneyPart, amount: number][] {
  const lost = ledger.postings.find(({ type }) => type === "dispute_lost")?.amount ?? 0;
  const disputed = Math.max(0, ledger.accounts.dispute);
  const refunded = payment.amount_refunded;
  const parts: [MoneyPart, number][] = [
    ["kept", Math.max(0, payment.amount_captured - refunded - disputed - lost)],
    ["held", Math.max(0, ledger.accounts.authorization)],
    ["refunded", refunded],
    ["disputed", disputed],
    ["lost", lost],
  ];
  return parts.filter(([, amount]) => amount > 0);
}
