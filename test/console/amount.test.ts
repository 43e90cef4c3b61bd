import { expect, test } from "vitest";
import { amountOf, EMPTY, orderOf } from "../../src/console/orders/draft.ts";
import { minorOf, typed } from "../../src/console/show/amount.ts";

test.each([
  ["12.5", "usd", 1250],
  ["1,250.00", "usd", 125_000],
  ["1 250", "eur", 125_000],
  ["12800", "jpy", 12_800],
  ["12.800", "kwd", 12_800],
  ["0.1", "usd", 10],
])("%s %s is %d of the minor unit", (text, currency, amount) => {
  expect(minorOf(text, currency)).toBe(amount);
});

test.each([
  ["", "usd"],
  ["12.345", "usd"],
  ["1.5", "jpy"],
  ["-1", "usd"],
  ["1e3", "usd"],
  ["12,50", "usd"],
  ["9999999999", "usd"],
])("%j %s is no amount", (text, currency) => {
  expect(minorOf(text, currency)).toBeNull();
});

test("what is shown to be changed is read back as it was", () => {
  for (const currency of ["usd", "jpy", "kwd"])
    for (const amount of [1, 10, 99, 12_345, 99_999_999])
      expect(minorOf(typed(amount, currency), currency)).toBe(amount);
});

test("items make the amount of an order", () => {
  const draft = { ...EMPTY, items: [{ sku: "lap", quantity: "4", unit: "312.50" }] };
  expect(amountOf(draft)).toBe(125_000);
  expect(orderOf(draft)).toMatchObject({
    amount: 125_000,
    items: [{ sku: "lap", quantity: 4, unit_amount: 31_250 }],
  });
  expect(amountOf({ ...draft, items: [{ sku: "lap", quantity: "x", unit: "1" }] })).toBeNull();
});
