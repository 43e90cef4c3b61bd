import { formatAmount } from "../currencies.ts";
import { badParam } from "../errors.ts";

/** How many digits the currency has after the point. */
const places = (currency: string): number => /\.(\d+)/.exec(formatAmount(0, currency))?.[1]?.length ?? 0;

/** `1250.00` of 125000 minor units: what a person types. */
export const written = (amount: number, currency: string): string =>
  (amount / 10 ** places(currency)).toFixed(places(currency));

/** Minor units of what a person typed; an empty field is null: all of it. */
export function typed(text: string | undefined, currency: string): number | null {
  const given = (text ?? "").trim().replaceAll(",", "");
  if (given === "") return null;
  const digits = places(currency);
  const match = new RegExp(`^(\\d{1,12})(?:\\.(\\d{0,${digits}}))?$`).exec(given);
  const [, whole = "", part = ""] = match ?? [];
  const amount = Number(whole + part.padEnd(digits, "0"));
  if (!match || amount === 0)
    throw badParam(`${given} is no amount: write it as ${written(1_234, currency)}.`, "amount");
  return amount;
}
