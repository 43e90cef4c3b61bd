import { minorDigits } from "./money.ts";

/** `12,500.00` and `12500`, as our pages write it. */
const POINT = /^(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$/;
/** `12.500,00` and `12500,00`, as much of the world does. */
const COMMA = /^(\d+|\d{1,3}(?:\.\d{3})+)(?:,(\d+))?$/;

/**
 * The amount that somebody typed, in minor units; null when it is none of this currency. Separators, spaces and the
 * currency's own code may be there or not. What can be read in two ways is read as our pages write it.
 */
export function readAmount(typed: string, currency: string): number | null {
  const text = typed
    .normalize("NFKC")
    .replaceAll(/[\s'’]/g, "")
    .toLowerCase();
  const number = text.startsWith(currency) ? text.slice(currency.length) : text;
  const bare = number.endsWith(currency) ? number.slice(0, -currency.length) : number;
  const digits = minorDigits(currency);
  for (const form of [POINT, COMMA]) {
    const [, whole, fraction = ""] = form.exec(bare) ?? [];
    if (whole === undefined || fraction.length > digits) continue;
    const amount = Number(whole.replaceAll(/[.,]/g, "") + fraction.padEnd(digits, "0"));
    return Number.isSafeInteger(amount) ? amount : null;
  }
  return null;
}
