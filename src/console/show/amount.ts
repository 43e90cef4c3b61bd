import { minorDigits } from "../../domain/money.ts";

/** `12.5`, `1,250.00` or `1250` in the currency's major unit → minor units; null when it is none, or has too many digits. */
export function minorOf(text: string, currency: string): number | null {
  const digits = minorDigits(currency);
  const [, whole, part = ""] =
    /^(\d{1,9})(?:\.(\d*))?$/.exec(text.trim().replaceAll(/[,\s](?=\d{3})/g, "")) ?? [];
  if (whole === undefined || part.length > digits) return null;
  return Number(whole + part.padEnd(digits, "0"));
}

/** Minor units as one types them: `125000` usd → `1250.00`. */
export const typed = (amount: number, currency: string): string =>
  (amount / 10 ** minorDigits(currency)).toFixed(minorDigits(currency));
