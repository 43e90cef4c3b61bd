import fc from "fast-check";
import { expect, test } from "vitest";
import { formatMoney } from "../../src/domain/money.ts";
import { readAmount } from "../../src/domain/typed-amount.ts";

test.each([
  ["12,500.00", "usd", 1_250_000],
  ["12500.00", "usd", 1_250_000],
  ["12500", "usd", 1_250_000],
  ["12500.5", "usd", 1_250_050],
  [" 12,500.00 USD ", "usd", 1_250_000],
  ["usd 12500", "usd", 1_250_000],
  ["12\u00a0500,00", "eur", 1_250_000],
  ["12\u202f500,00\u00a0EUR", "eur", 1_250_000],
  ["12.500,00", "eur", 1_250_000],
  ["12.500", "eur", 1_250_000],
  ["12’500.00", "chf", 1_250_000],
  ["12,50", "usd", 1_250],
  ["1,500,000", "jpy", 1_500_000],
  ["1500000", "jpy", 1_500_000],
  ["1.500.000 jpy", "jpy", 1_500_000],
  ["1５00000", "jpy", 1_500_000],
  ["1,250.000", "kwd", 1_250_000],
  ["1250", "kwd", 1_250_000],
  ["1,250", "kwd", 1_250_000],
  ["1.250", "kwd", 1_250],
  ["1.250,000", "kwd", 1_250_000],
])("%j in %s is %d", (typed, currency, amount) => {
  expect(readAmount(typed, currency)).toBe(amount);
});

test.each([
  ["", "usd"],
  ["yes", "usd"],
  ["12,500.00 EUR", "usd"],
  ["-12500", "usd"],
  ["12,50,000", "usd"],
  ["12500.001", "usd"],
  ["1500000.0", "jpy"],
  ["1e6", "usd"],
  ["0x10", "usd"],
  ["9".repeat(40), "usd"],
  [".50", "usd"],
])("%j in %s is no amount", (typed, currency) => {
  expect(readAmount(typed, currency)).toBeNull();
});

test("what pages show is always accepted, with its code and without", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("usd", "jpy", "kwd"),
      fc.integer({ min: 0, max: 999_999_999_999 }),
      (currency, amount) => {
        const shown = formatMoney({ amount, currency });
        for (const typed of [shown, shown.split(" ")[0] ?? "", shown.replaceAll(",", "")])
          expect(readAmount(typed, currency)).toBe(amount);
      },
    ),
  );
});
