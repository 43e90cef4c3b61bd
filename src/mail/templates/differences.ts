import { formatMoney } from "../../domain/money.ts";
import { oneLine } from "../markup.ts";
import { mailContent, type MailContent } from "./document.ts";

/** One difference between an order and the provider, as the operator reads it. */
export interface ShownDifference {
  order_id: string;
  reference: string;
  currency: string;
  field: string;
  ours: number | string | null;
  provider: number | string | null;
  repaired: boolean;
}

const MOST = 20;

/** What the nightly comparison with the provider found. */
export function differencesMail(tenant: string, differences: readonly ShownDifference[]): MailContent {
  const left = differences.filter((each) => !each.repaired);
  const count = (n: number) => `${n} ${n === 1 ? "difference" : "differences"}`;
  const amount = (value: number | string | null, currency: string) =>
    typeof value === "number" ? formatMoney({ amount: value, currency }) : (value ?? "nothing");
  const rows = [...left, ...differences.filter((each) => each.repaired)]
    .slice(0, MOST)
    .map(
      (each) =>
        [
          oneLine(each.reference, 80),
          `${each.field}: ours ${amount(each.ours, each.currency)}, provider ${amount(each.provider, each.currency)}` +
            `${each.repaired ? " (repaired)" : ""} · ${each.order_id}`,
        ] as const,
    );
  const more = differences.length - rows.length;
  return mailContent(
    left.length > 0
      ? `Orders and provider differ: ${count(left.length)}`
      : `Orders and provider agree again: ${count(differences.length)} repaired`,
    [
      {
        kind: "heading",
        text: left.length > 0 ? "Orders and provider differ" : "Orders and provider agree again",
      },
      {
        kind: "paragraph",
        text:
          left.length > 0
            ? `${count(left.length)} could not be repaired. Look at each order and its payment at the provider.`
            : "Webhooks were lost, and the orders have been told what the provider says. Nothing is left to do.",
      },
      { kind: "facts", rows: [...rows, ["", more > 0 ? `and ${more} more` : null]] },
      {
        kind: "footnote",
        text: `You get this mail because OPERATOR_EMAIL names you. All of it: countersign reconcile (tenant ${oneLine(tenant, 60)}).`,
      },
    ],
  );
}
