/**
 * A mail's body as a list of blocks. Both parts are rendered from the same list, so that they say the same; a template
 * writes no markup and no part of its own.
 */
export type Block =
  | { kind: "heading"; text: string }
  | { kind: "amount"; amount: string; purpose: string }
  | { kind: "paragraph"; text: string }
  | { kind: "facts"; rows: readonly Row[] }
  | { kind: "quote"; by: string; text: string }
  | { kind: "items"; rows: readonly ItemRow[]; total: string }
  | { kind: "steps"; title: string; rows: readonly Row[] }
  | { kind: "button"; label: string; link: string }
  | { kind: "footnote"; text: string };

/** Label and value; a row without a value is left out. */
export type Row = readonly [label: string, value: string | null];

export interface ItemRow {
  name: string;
  quantity: number;
  each: string;
  total: string;
}

/** The rows that have a value. */
export const given = (rows: readonly Row[]) =>
  rows.filter((row): row is readonly [string, string] => !!row[1]?.trim());
