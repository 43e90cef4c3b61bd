import { expect, test } from "vitest";
import { round } from "../../scripts/bench/figures.ts";
import { ratiosOf } from "../../scripts/bench/ratios.ts";
import { outcomes } from "../../scripts/bench/targets.ts";
import { row, ROWS } from "./rows.ts";

const resultOf = (rows = ROWS) =>
  new Map(
    outcomes(rows, (value) => String(round(value))).map(({ what, target, result, reached }) => [
      `${what} ${target}`,
      `${reached} ${result}`,
    ]),
  );

test("ratios are of the medians of one run", () => {
  expect(ratiosOf(ROWS)).toEqual({
    ...{ orders_vs_handwritten: 0.6, orders_vs_restate: 1, intake_vs_noop: 0.75 },
    ...{ commits_per_order: 6, statements_per_order: 41 },
  });
});

test("a ratio to what was not measured is null, not a number", () => {
  const without = ROWS.filter(({ id }) => id !== "orders_restate" && id !== "intake_unknown");
  expect(ratiosOf([...without, row("intake_unknown", 0)])).toMatchObject({
    ...{ orders_vs_restate: null, orders_vs_handwritten: 0.6, intake_vs_noop: 0 },
  });
  expect(ratiosOf([row("intake_unknown", 5), row("intake_noop", 0)]).intake_vs_noop).toBeNull();
});

test("a target is reached at its bound, and not beyond", () => {
  const found = resultOf();
  expect(found.get("database commits of such an order ≤ 6")).toBe("yes 6");
  expect(found.get("statements of such an order ≤ 40")).toBe("no 41");
  expect(found.get("the same ≥ 1.2 × Restate at its default partitions")).toBe("no 1 ×");
  expect(found.get("webhook intake at half of that load, p99 < 50 ms")).toBe("yes 49 ms");
  expect(found.get("order read at 1,000,000 orders, p95 ≤ 1.5 × that at 10,000")).toBe("yes 1.5 ×");
  expect(found.get("restart with 10,000 parked orders, until all are live ≤ 10 s")).toBe("no 12 s");
  expect(found.get("npm start on an initialised directory, to ready ≤ 2 s")).toBe("yes 1.9 s");
});

test("what was measured on less than the target speaks of is not called reached", () => {
  expect(resultOf().get("list page at 1,000,000 orders, p95 ≤ 1.5 × that at 10,000")).toBe("not measured ");
  const quick = [
    ...ROWS.filter(({ id }) => id !== "restart_live"),
    row("restart_live", 900, { waiting: 500 }),
  ];
  expect(resultOf(quick).get("restart with 10,000 parked orders, until all are live ≤ 10 s")).toBe(
    "not measured ",
  );
});

test("without any figure every target is there, and none is reached", () => {
  const all = outcomes([], String);
  expect(all).toHaveLength(outcomes(ROWS, String).length);
  expect(new Set(all.map(({ reached }) => reached))).toEqual(new Set(["not measured"]));
});
