import { minorDigits, type Money } from "../../domain/money.ts";

/** No amount of ours has more digits: beyond them numbers are not exact. */
const MOST_DIGITS = 15;

/** `{125000, usd}` → `{value: "1250.00", currency: "USD"}`, with as many decimals as the currency has. */
export const toDecimal = ({ amount, currency }: Money) => ({
  value: decimalOf(amount, currency),
  currency: currency.toUpperCase(),
});

export function decimalOf(amount: number, currency: string): string {
  const digits = minorDigits(currency);
  const text = String(amount).padStart(digits + 1, "0");
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/**
 * Minor units of a decimal amount, exactly: digits are moved, never multiplied. Missing decimals are zeros, as `"1250"` for
 * dollars; more than the currency has must be zeros.
 * @throws RangeError for what is no amount of this currency
 */
export function minorUnits(value: string, currency: string): number {
  const [, whole = "", decimals = ""] = /^(\d+)(?:\.(\d+))?$/.exec(value) ?? [];
  const digits = minorDigits(currency);
  const kept = decimals.slice(0, digits).padEnd(digits, "0");
  const text = `${whole}${kept}`.replace(/^0+(?=\d)/, "");
  if (whole === "" || text.length > MOST_DIGITS || /[1-9]/.test(decimals.slice(digits)))
    throw new RangeError(`${value.slice(0, 32)} is no amount in ${currency.toUpperCase()}`);
  return Number(text);
}
