import type { Subject, SubjectChange } from "./approval.ts";
import { formatMoney } from "./money.ts";

/** `1,250.00 USD`; empty without an amount. */
const moneyOf = ({ amount, currency }: Pick<Subject, "amount" | "currency">): string =>
  amount === null || currency === null ? "" : formatMoney({ amount, currency });

/** What differs between two subjects, as people read it. */
export function changesBetween(before: Subject, after: Subject): SubjectChange[] {
  const shown = (subject: Subject): Record<string, string> => ({
    amount: moneyOf(subject),
    customer: subject.customer ?? "",
    reference: subject.reference,
    description: subject.description ?? "",
    reason: subject.reason ?? "",
    items: subject.items
      .map((item) => {
        const each = moneyOf({ amount: item.unit_amount, currency: subject.currency });
        return `${item.quantity} × ${item.sku} at ${each}`;
      })
      .join(", "),
  });
  const [old, fresh] = [shown(before), shown(after)];
  return Object.keys(fresh).flatMap((field) => {
    const change = { field, before: old[field] ?? "", after: fresh[field] ?? "" };
    return change.before === change.after ? [] : [change];
  });
}
