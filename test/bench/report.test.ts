import { expect, test } from "vitest";
import { ratiosOf } from "../../scripts/bench/ratios.ts";
import { capacities, perMachine } from "../../scripts/bench/report/capacity.ts";
import { replaceMarked } from "../../scripts/bench/report/marked.ts";
import { growthShape, resultShape } from "../../scripts/bench/report/shapes.ts";
import { contendersTable, growthTable, measuredOn, targetsTable } from "../../scripts/bench/report/tables.ts";
import { ROWS } from "./rows.ts";

const machine = {
  ...{
    cores: 2,
    cpu: "A processor",
    memory_gb: 24,
    load_at_start: "0.10",
    node: "v20.20.2",
    postgresql: "18.4",
  },
  ...{ fsync: "on", synchronous_commit: "on", at: "2026-11-23T10:00:00.000Z" },
};
const result = resultShape.parse({ machine, rows: ROWS, ratios: ratiosOf(ROWS) });

const point = (at: number, per_s: number) => ({
  at,
  per_s,
  p50_ms: 100,
  p99_ms: 200,
  bare_commits_per_s: 4000,
});
const growth = growthShape.parse({
  machine,
  processes: [point(1, 90), point(2, 100), point(4, 80)],
  stored: [
    { ...point(1_000, 90), database_bytes: 20_000_000 },
    { ...point(1_001_000, 90), database_bytes: 8_020_000_000 },
  ],
  parked: [
    { ...point(0, 90), live_after_ms: 1_500 },
    { ...point(10_000, 85), live_after_ms: 9_000 },
  ],
});

const lines = (table: string) => table.split("\n");

test("figures are written between a page's markers and nowhere else", () => {
  const page = "# Fast\n\n<!-- bench:targets -->\nold\n<!-- /bench:targets -->\n\nThe end.\n";
  const once = replaceMarked(page, "targets", "| new |\n");
  expect(once).toBe("# Fast\n\n<!-- bench:targets -->\n\n| new |\n\n<!-- /bench:targets -->\n\nThe end.\n");
  expect(replaceMarked(once, "targets", "| new |\n")).toBe(once);
});

test("a page without its markers is named, not written", () => {
  expect(() => replaceMarked("# Fast\n", "targets", "x")).toThrow(/<!-- bench:targets -->.*add both/);
  expect(() => replaceMarked("<!-- /bench:a --><!-- bench:a -->", "a", "x")).toThrow(/add both/);
});

test("what --json writes has the ratios that were agreed on, and no others", () => {
  expect(() => resultShape.parse({ ...result, ratios: { ...result.ratios, more: 1 } })).toThrow(/more/);
  expect(() => resultShape.parse({ ...result, ratios: { orders_vs_restate: 1 } })).toThrow(/intake_vs_noop/);
});

test("the page's table says of each target what was found and whether it was reached", () => {
  const table = lines(targetsTable(result));
  expect(table).toContain(
    "| payment-only order over HTTP | ≥ 0.5 × the hand-written state machine | 0.6 × | yes |",
  );
  expect(table).toContain("| statements of such an order | ≤ 40 | 41 | **no** |");
  expect(table).toContain("| node_modules for running | ≤ 150 MB |  | not measured |");
});

test("contenders stand in order of speed, each with our share of it", () => {
  const [, , first, second, third] = lines(contendersTable(result));
  expect(first).toBe("| orders_handwritten | 200 | 180–220 | 100 ms | 180 ms | 0.6 × |");
  expect(second).toBe("| orders_countersign | 120 | 108–132 | 210 ms | 400 ms |  |");
  expect(third).toBe("| orders_restate | 120 | 108–132 | 200 ms | 390 ms | 1 × |");
});

test("figures of a machine that others used say so", () => {
  expect(measuredOn(result)).toContain("The machine was quiet");
  expect(measuredOn({ machine: { ...machine, load_at_start: "3.20" } })).toContain(
    "read the ratios, not the figures",
  );
});

test("growth is shown by size, with what else it costs", () => {
  expect(lines(growthTable(growth, "stored")).at(-1)).toBe(
    "| 1,001,000 | 90 | 100 ms | 200 ms | 4,000 | 8.02 GB |",
  );
  expect(lines(growthTable(growth, "parked")).at(-1)).toBe("| 10,000 | 85 | 100 ms | 200 ms | 4,000 | 9 s |");
});

test("what more machines would do is computed from the best of one, half busy, at four times the average", () => {
  const each = perMachine(growth);
  expect(each).toEqual({ orders_per_s: 100, bytes_per_order: 8_000 });
  const [million, , hundred] = capacities(each);
  // 1,000,000 / 86,400 * 4 = 46.3 a second, of which a machine takes 50.
  expect(million?.peak_per_s).toBeCloseTo(46.3, 1);
  expect(million?.shards).toBe(1);
  expect(million?.bytes_a_year).toBe(2_920_000_000_000);
  expect(hundred?.shards).toBe(93);
});

test("capacity is not computed from figures that do not tell the room of an order", () => {
  expect(() => perMachine({ ...growth, stored: growth.stored.slice(0, 1) })).toThrow(/bench:growth/);
});
