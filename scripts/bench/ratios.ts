import type { Row } from "./row.ts";

/** Ratios hold from machine to machine; the figures themselves do not. Null for what was not measured. */
export interface Ratios {
  orders_vs_handwritten: number | null;
  orders_vs_restate: number | null;
  intake_vs_noop: number | null;
  commits_per_order: number | null;
  statements_per_order: number | null;
}

export const valueOf = (rows: readonly Row[], id: string): number | null =>
  rows.find((row) => row.id === id)?.value ?? null;

export const detailOf = (rows: readonly Row[], id: string, name: string): number | null => {
  const figure = rows.find((row) => row.id === id)?.detail?.[name];
  return typeof figure === "number" ? figure : null;
};

/** `a` to `b`; null when one of them was not measured. */
export function ratio(rows: readonly Row[], a: string, b: string): number | null {
  const [over, under] = [valueOf(rows, a), valueOf(rows, b)];
  return over === null || under === null || under === 0 ? null : over / under;
}

export const ratiosOf = (rows: readonly Row[]): Ratios => ({
  orders_vs_handwritten: ratio(rows, "orders_countersign", "orders_handwritten"),
  orders_vs_restate: ratio(rows, "orders_countersign", "orders_restate"),
  intake_vs_noop: ratio(rows, "intake_unknown", "intake_noop"),
  commits_per_order: valueOf(rows, "commits_per_order"),
  statements_per_order: valueOf(rows, "statements_per_order"),
});
