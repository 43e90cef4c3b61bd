/** How a time is divided: an hour by minutes, a day by quarters of an hour. */
export const WINDOWS = { hour: { steps: 60, stepS: 60 }, day: { steps: 96, stepS: 900 } } as const;
export type SeriesWindow = keyof typeof WINDOWS;

const COUNTS = [
  "orders_created",
  "orders_ended",
  "webhooks_received",
  "payments_captured",
  "approvals_decided",
] as const;
const LATENCIES = ["webhook_to_status_ms_p50", "webhook_to_status_ms_p95"] as const;

type Point = { at: string } & Record<(typeof COUNTS)[number] | (typeof LATENCIES)[number], number | null>;

interface Row {
  metric: string;
  /** Milliseconds since 1970. */
  at: number;
  value: number;
}

/**
 * One point for each step, oldest first. Where nothing was counted it is 0; before the time of `METRIC_from`, from which a metric
 * is whole, it is null. A latency is null where nothing happened.
 */
export function seriesOf(
  rows: readonly Row[],
  { since, stepS, steps }: { since: Date; stepS: number; steps: number },
): Point[] {
  const values = new Map(rows.map(({ metric, at, value }) => [`${metric} ${at}`, value]));
  const wholeFrom = new Map(rows.map(({ metric, at }) => [metric, at]));
  return Array.from({ length: steps }, (_, n) => {
    const at = since.getTime() + n * stepS * 1000;
    const counts = COUNTS.map((metric) => {
      const whole = at >= (wholeFrom.get(`${metric}_from`) ?? 0);
      return [metric, whole ? (values.get(`${metric} ${at}`) ?? 0) : null];
    });
    const latencies = LATENCIES.map((metric) => {
      const value = values.get(`${metric} ${at}`);
      return [metric, value === undefined ? null : Math.round(value)];
    });
    return { at: new Date(at).toISOString(), ...Object.fromEntries([...counts, ...latencies]) } as Point;
  });
}
