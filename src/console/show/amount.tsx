import { formatMoney } from "../../domain/money.ts";

/** An amount in the currency's minor unit, as mails and trails write it: `1,250.00 USD`. */
export const Amount = ({ amount, currency }: { amount: number; currency: string }) => (
  <span style={{ fontVariantNumeric: "tabular-nums", whiteSpace: "nowrap" }}>
    {formatMoney({ amount, currency })}
  </span>
);
