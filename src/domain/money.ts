/** An amount in the currency's minor unit (cents, yen, fils) and its ISO 4217 code in lower case. */
export interface Money {
  amount: number;
  currency: string;
}

/**
 * Currencies without a minor unit, and those with three digits, as the provider charges them
 * (https://docs.stripe.com/currencies#zero-decimal and #three-decimal).
 */
const ZERO_DECIMAL = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));
const THREE_DECIMAL = new Set("bhd jod kwd omr tnd".split(" "));

/** How many digits the currency's minor unit has: 0, 2 or 3. */
export const minorDigits = (currency: string): number =>
  ZERO_DECIMAL.has(currency) ? 0 : THREE_DECIMAL.has(currency) ? 3 : 2;

const written = new Map(
  [0, 2, 3].map((digits) => [
    digits,
    new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  ]),
);

/** `{125000, usd}` → `1,250.00 USD`; the code comes last because `$` is not one currency. */
export function formatMoney({ amount, currency }: Money): string {
  const digits = minorDigits(currency);
  const value = amount / 10 ** digits;
  return `${written.get(digits)?.format(value) ?? value} ${currency.toUpperCase()}`;
}
