import fc from "fast-check";
import { expect, test } from "vitest";
import { formatMoney, minorDigits } from "../../src/domain/money.ts";
import { runs } from "./property.ts";

test.each([
  [125_000, "usd", "1,250.00 USD"],
  [5, "eur", "0.05 EUR"],
  [0, "gbp", "0.00 GBP"],
  [1_500_000, "jpy", "1,500,000 JPY"],
  [12_345, "kwd", "12.345 KWD"],
  [99_999_999, "usd", "999,999.99 USD"],
  [100, "krw", "100 KRW"],
])("%i %s is written %s", (amount, currency, written) => {
  expect(formatMoney({ amount, currency })).toBe(written);
});

test("the digits of what is written are the amount, in every currency", () => {
  const amounts = fc.nat({ max: 99_999_999_999 });
  fc.assert(
    fc.property(amounts, fc.constantFrom("usd", "jpy", "bhd", "chf"), (amount, currency) => {
      const written = formatMoney({ amount, currency });
      expect(Number(written.replace(/\D/g, ""))).toBe(amount);
      expect(written.split(" ")[0]?.split(".")[1]?.length ?? 0).toBe(minorDigits(currency));
    }),
    runs(500),
  );
});
