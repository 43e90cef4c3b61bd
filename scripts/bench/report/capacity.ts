import { round } from "../figures.ts";
import type { ReadGrowth } from "./shapes.ts";

// What more than one machine would do, computed: nobody has run it.

const DAY_S = 86_400;
const DAYS = 365;
/** The day's busiest second in proportion to its average one. */
const PEAK = 4;
/** Of what a machine does at best, so that it can take over for another and be late for nothing. */
const BUSY = 0.5;
const ORDERS_A_DAY = [1_000_000, 10_000_000, 100_000_000];

export interface Capacity {
  orders_a_day: number;
  peak_per_s: number;
  /** PostgreSQL servers, each with its processes, each for a part of the tenants. */
  shards: number;
  /** What a year leaves in all of them, in bytes, with trails in the database. */
  bytes_a_year: number;
}

export interface PerMachine {
  /** Orders a second of one machine like the one that was measured, at its best number of processes. */
  orders_per_s: number;
  bytes_per_order: number;
}

/** From the figures of one machine; the databases with the most and the fewest orders tell the room that one takes. */
export function perMachine({ processes, stored }: Pick<ReadGrowth, "processes" | "stored">): PerMachine {
  const [least, most] = [stored[0], stored.at(-1)];
  if (!least || !most || most.at === least.at || processes.length === 0)
    throw new Error("the figures lack stored orders of two sizes, or processes; run npm run bench:growth");
  return {
    orders_per_s: Math.max(...processes.map(({ per_s }) => per_s)),
    bytes_per_order: (most.database_bytes - least.database_bytes) / (most.at - least.at),
  };
}

export const capacities = ({ orders_per_s, bytes_per_order }: PerMachine): Capacity[] =>
  ORDERS_A_DAY.map((orders_a_day) => {
    const peak_per_s = (orders_a_day / DAY_S) * PEAK;
    return {
      ...{ orders_a_day, peak_per_s },
      shards: Math.ceil(peak_per_s / (orders_per_s * BUSY)),
      bytes_a_year: orders_a_day * DAYS * bytes_per_order,
    };
  });

export function capacityText(growth: ReadGrowth): string {
  const each = perMachine(growth);
  const shown = (value: number) => round(value).toLocaleString("en", { maximumSignificantDigits: 3 });
  const lines = capacities(each).map(({ orders_a_day, peak_per_s, shards, bytes_a_year }) =>
    [shown(orders_a_day), shown(peak_per_s), shown(shards), `${shown(bytes_a_year / 1e12)} TB`].join(" | "),
  );
  return [
    `From the figures above: ${shown(each.orders_per_s)} payment-only orders a second on such a machine, ` +
      `${shown(each.bytes_per_order / 1000)} kB kept of each, trail and indexes included.`,
    "",
    "| orders a day | busiest second | machines like this one | a year's orders |",
    "| --- | --- | --- | --- |",
    ...lines.map((line) => `| ${line} |`),
  ].join("\n");
}
