import { randomFillSync } from "node:crypto";
import { monotonicFactory } from "ulid";

/** What an id names; the prefix is part of the contract. */
export type IdPrefix =
  "ord" | "apr" | "rfd" | "whi" | "whe" | "whd" | "aud" | "req" | "rec" | "dlg" | "ers" | "key" | "ses";

/** Random bytes in stock: the generator draws one for every character, and asking the system each time is slow. */
const stock = new Uint8Array(4096);
let used = stock.length;

function random(): number {
  if (used === stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  return (stock[used++] ?? 0) / 256;
}

const next = monotonicFactory(random);

/**
 * A new id: prefix, underscore, and a ULID in lower case. It sorts by creation time (also within one
 * millisecond of one process) and is never reused.
 */
export const newId = <P extends IdPrefix>(prefix: P): `${P}_${string}` => `${prefix}_${next().toLowerCase()}`;
