import { minorOf } from "../show/amount.ts";

/** An order as it is typed. */
export interface Draft {
  reference: string;
  amount: string;
  currency: string;
  description: string;
  email: string;
  name: string;
  requested_by: string;
  mode: "checkout" | "client" | "confirm";
  /** With mode confirm. */
  method: string;
  capture: "automatic" | "manual";
  fulfilment: "none" | "manual";
  items: DraftItem[];
}

export interface DraftItem {
  sku: string;
  quantity: string;
  unit: string;
}

export const EMPTY: Draft = {
  reference: "",
  amount: "",
  currency: "usd",
  description: "",
  email: "buyer@example.com",
  name: "Ada",
  requested_by: "",
  mode: "checkout",
  method: "pm_card_visa",
  capture: "automatic",
  fulfilment: "none",
  items: [],
};

/** What its items add up to, in minor units; null when one of them is not a number. */
export function totalOf({ items, currency }: Draft): number | null {
  const sums = items.map(({ quantity, unit }) => {
    const [count, each] = [Number(quantity), minorOf(unit, currency)];
    return Number.isInteger(count) && count > 0 && each !== null ? count * each : null;
  });
  return sums.reduce<number | null>((total, sum) => (total === null || sum === null ? null : total + sum), 0);
}

/** What is asked for: of the items where there are any, else as typed. */
export const amountOf = (draft: Draft): number | null =>
  draft.items.length > 0 ? totalOf(draft) : minorOf(draft.amount, draft.currency);

/** The body of `POST /v1/orders`. */
export function orderOf(draft: Draft) {
  const { currency, mode, method, capture, fulfilment } = draft;
  const given = (text: string) => text.trim() || null;
  return {
    reference: draft.reference.trim(),
    amount: amountOf(draft),
    currency,
    description: given(draft.description),
    customer: { email: given(draft.email), name: given(draft.name) },
    requested_by: given(draft.requested_by),
    items: draft.items.map(({ sku, quantity, unit }) => ({
      sku: sku.trim(),
      quantity: Number(quantity),
      unit_amount: minorOf(unit, currency),
    })),
    payment: { mode, capture, ...(mode === "confirm" ? { payment_method: method.trim() } : {}) },
    fulfilment,
  };
}
