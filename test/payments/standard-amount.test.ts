import fc from "fast-check";
import { expect, test } from "vitest";
import { minorUnits, toDecimal } from "../../src/payments/standard/amount.ts";

const currencies = fc.constantFrom("usd", "eur", "jpy", "krw", "kwd", "bhd", "tnd");

test.each([
  [125_000, "usd", "1250.00"],
  [5, "usd", "0.05"],
  [0, "eur", "0.00"],
  [1250, "jpy", "1250"],
  [1250, "kwd", "1.250"],
  [7, "kwd", "0.007"],
])("%d in the minor unit of %s is %s", (amount, currency, value) => {
  expect(toDecimal({ amount, currency })).toEqual({ value, currency: currency.toUpperCase() });
  expect(minorUnits(value, currency)).toBe(amount);
});

test("every amount comes back as it was, to the last unit", () => {
  fc.assert(
    fc.property(fc.nat({ max: 999_999_999_999_999 }), currencies, (amount, currency) => {
      expect(minorUnits(toDecimal({ amount, currency }).value, currency)).toBe(amount);
    }),
  );
});

test("decimals may be missing, and may be more if they are zeros", () => {
  expect(minorUnits("12", "usd")).toBe(1200);
  expect(minorUnits("12.5", "usd")).toBe(1250);
  expect(minorUnits("12.500", "usd")).toBe(1250);
  expect(minorUnits("0012.50", "usd")).toBe(1250);
  expect(minorUnits("1250.00", "jpy")).toBe(1250);
});

test.each([
  ["12.345", "usd"],
  ["1250.5", "jpy"],
  ["-1.00", "usd"],
  ["1e3", "usd"],
  ["1,250.00", "usd"],
  [".50", "usd"],
  ["", "usd"],
  ["٣", "usd"],
  ["10000000000000.00", "usd"],
])("%s is no amount in %s", (value, currency) => {
  expect(() => minorUnits(value, currency)).toThrow(RangeError);
});
