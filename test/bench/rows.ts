import type { Row } from "../../scripts/bench/row.ts";

/** A run's rows with round figures, which a test can reckon with. */
export const row = (id: string, value: number, detail?: Row["detail"]): Row => ({
  ...{ id, what: `what is measured: ${id}`, unit: "", value, values: [value * 0.9, value, value * 1.1] },
  ...(detail ? { detail } : {}),
});

export const ROWS: Row[] = [
  row("orders_countersign", 120, { latency_p50_ms: 210, latency_p99_ms: 400 }),
  row("orders_handwritten", 200, { latency_p50_ms: 100, latency_p99_ms: 180 }),
  row("orders_restate", 120, { latency_p50_ms: 200, latency_p99_ms: 390 }),
  row("commits_per_order", 6),
  row("statements_per_order", 41),
  row("intake_unknown", 1500, { half_load_p99_ms: 49 }),
  row("intake_noop", 2000),
  row("webhook_to_status_in_commits", 5),
  row("read_order_large", 3, { orders: 1_000_000 }),
  row("read_order_growth", 1.5),
  row("read_list_large", 3, { orders: 20_000 }),
  row("read_list_growth", 1.1),
  row("restart_live", 12_000, { waiting: 10_000 }),
  row("boot", 1900),
];
