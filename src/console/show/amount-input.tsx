import { TextInput, type TextInputProps } from "@mantine/core";
import { minorDigits } from "../../domain/money.ts";
import { minorOf, typed } from "./amount.ts";

interface AmountInputProps extends Omit<TextInputProps, "value" | "onChange"> {
  currency: string;
  value: string;
  onChange: (text: string) => void;
  /** In minor units. */
  most?: number;
}

/** An amount in the currency's major unit, as people say it. */
export const AmountInput = ({ currency, value, onChange, most, error, ...props }: AmountInputProps) => (
  <TextInput
    inputMode="decimal"
    rightSection={currency.toUpperCase()}
    rightSectionWidth={56}
    value={value}
    onChange={(event) => onChange(event.currentTarget.value)}
    error={error ?? faultIn(value, currency, most)}
    {...props}
  />
);

function faultIn(value: string, currency: string, most?: number): string | undefined {
  if (value === "") return undefined;
  const amount = minorOf(value, currency);
  if (amount === null || amount < 1)
    return `must be an amount such as ${typed(1250 * 10 ** Math.max(0, minorDigits(currency) - 2), currency)}`;
  return most !== undefined && amount > most ? `must be at most ${typed(most, currency)}` : undefined;
}
