import { detailOf, ratio, valueOf } from "./ratios.ts";
import type { Row } from "./row.ts";

/** One line of what was set out to be reached. */
export interface Target {
  what: string;
  /** As people read it. */
  target: string;
  /** Null when it was not measured. */
  result: (rows: readonly Row[]) => number | null;
  unit: string;
  reached: (result: number) => boolean;
}

const atLeast = (bound: number) => (result: number) => result >= bound;
const atMost = (bound: number) => (result: number) => result <= bound;
const value = (id: string) => (rows: readonly Row[]) => valueOf(rows, id);

const growth = (what: string, id: string): Target => ({
  ...{ what: `${what} at 1,000,000 orders, p95`, target: "≤ 1.5 × that at 10,000", unit: "×" },
  // A quick run compares smaller ones, which says nothing about this.
  result: (rows) =>
    detailOf(rows, `read_${id}_large`, "orders") === 1_000_000 ? valueOf(rows, `read_${id}_growth`) : null,
  reached: atMost(1.5),
});

/** In the order in which the page shows them. */
export const TARGETS: readonly Target[] = [
  {
    ...{ what: "payment-only order over HTTP", target: "≥ 0.5 × the hand-written state machine", unit: "×" },
    result: (rows) => ratio(rows, "orders_countersign", "orders_handwritten"),
    reached: atLeast(0.5),
  },
  {
    ...{ what: "the same", target: "≥ 1.2 × Restate at its default partitions", unit: "×" },
    result: (rows) => ratio(rows, "orders_countersign", "orders_restate"),
    reached: atLeast(1.2),
  },
  {
    ...{ what: "database commits of such an order", target: "≤ 6", unit: "" },
    ...{ result: value("commits_per_order"), reached: atMost(6) },
  },
  {
    ...{ what: "statements of such an order", target: "≤ 40", unit: "" },
    ...{ result: value("statements_per_order"), reached: atMost(40) },
  },
  {
    ...{
      what: "webhook intake, request to durable 2xx",
      target: "≥ 0.7 × the same app storing nothing",
      unit: "×",
    },
    result: (rows) => ratio(rows, "intake_unknown", "intake_noop"),
    reached: atLeast(0.7),
  },
  {
    ...{ what: "webhook intake at half of that load, p99", target: "< 50 ms", unit: "ms" },
    result: (rows) => detailOf(rows, "intake_unknown", "half_load_p99_ms"),
    reached: (result) => result < 50,
  },
  {
    ...{ what: "webhook accepted → new status readable at 50 orders/s, p50", unit: "×" },
    ...{ target: "≤ 5 × the round trip of one bare commit" },
    ...{ result: value("webhook_to_status_in_commits"), reached: atMost(5) },
  },
  growth("order read", "order"),
  growth("list page", "list"),
  growth("trail page", "trail"),
  {
    ...{ what: "event wait: write → client, p95", target: "< 25 ms", unit: "ms" },
    ...{ result: value("event_wait"), reached: (result) => result < 25 },
  },
  {
    ...{ what: "SSE: write → client, p95", target: "< 25 ms", unit: "ms" },
    ...{ result: value("sse"), reached: (result) => result < 25 },
  },
  {
    ...{ what: "restart with 10,000 parked orders, until all are live", target: "≤ 10 s", unit: "s" },
    result: (rows) =>
      detailOf(rows, "restart_live", "waiting") === 10_000
        ? scaled(valueOf(rows, "restart_live"), 1 / 1000)
        : null,
    reached: atMost(10),
  },
  {
    ...{ what: "npm start on an initialised directory, to ready", target: "≤ 2 s", unit: "s" },
    result: (rows) => scaled(valueOf(rows, "boot"), 1 / 1000),
    reached: atMost(2),
  },
  {
    ...{ what: "first npm start, to ready", target: "≤ 6 s", unit: "s" },
    result: (rows) => scaled(valueOf(rows, "boot_first"), 1 / 1000),
    reached: atMost(6),
  },
  {
    ...{ what: "node_modules for running", target: "≤ 150 MB", unit: "MB" },
    ...{ result: value("node_modules"), reached: atMost(150) },
  },
];

const scaled = (figure: number | null, by: number) => (figure === null ? null : figure * by);

export interface Outcome {
  what: string;
  target: string;
  result: string;
  reached: "yes" | "no" | "not measured";
}

/** What the rows say of each target. */
export const outcomes = (rows: readonly Row[], shown: (value: number) => string): Outcome[] =>
  TARGETS.map(({ what, target, result, unit, reached }) => {
    const figure = result(rows);
    return figure === null
      ? { what, target, result: "", reached: "not measured" }
      : {
          ...{ what, target, result: `${shown(figure)}${unit === "" ? "" : ` ${unit}`}` },
          reached: reached(figure) ? "yes" : "no",
        };
  });
