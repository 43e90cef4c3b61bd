import { round } from "../figures.ts";
import type { Row } from "../row.ts";
import { outcomes } from "../targets.ts";
import type { ReadGrowth, ReadResult } from "./shapes.ts";

// Figures as people read them, in Markdown.

const shown = (value: number) => round(value).toLocaleString("en", { maximumSignificantDigits: 3 });

const table = (head: string[], lines: string[][]): string =>
  [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** On what, when, and how quiet it was: without it no figure means anything. */
export function measuredOn({ machine: on }: Pick<ReadResult, "machine">): string {
  const quiet = Number(on.load_at_start) <= on.cores / 4;
  return (
    `Measured ${on.at.slice(0, 10)} on ${on.cores} cores of ${on.cpu} with ${on.memory_gb} GB, client, provider and database included; ` +
    `Node ${on.node.replace("v", "")}, PostgreSQL ${on.postgresql} with fsync ${on.fsync} and synchronous_commit ${on.synchronous_commit}. ` +
    (quiet
      ? `The machine was quiet when it began (load ${on.load_at_start}).`
      : `Others used the machine (load ${on.load_at_start} when it began): read the ratios, not the figures.`)
  );
}

export const targetsTable = ({ rows }: Pick<ReadResult, "rows">): string =>
  table(
    ["what", "target", "result", "reached"],
    outcomes(rows, shown).map(({ what, target, result, reached }) => [
      ...[what, target, result],
      reached === "no" ? "**no**" : reached,
    ]),
  );

/** The contenders of the order, from the fastest on. */
export function contendersOf(rows: readonly Row[]): Row[] {
  return rows.filter(({ id }) => id.startsWith("orders_")).sort((a, b) => b.value - a.value);
}

/** The last words of a contender's row say who it is. */
export const nameOf = ({ what }: Row): string => what.split(": ").at(-1) ?? what;

export function contendersTable({ rows }: Pick<ReadResult, "rows">): string {
  const ours = rows.find(({ id }) => id === "orders_countersign")?.value ?? NaN;
  return table(
    [
      "contender",
      "orders/s",
      "slowest and fastest round",
      "created → completed, p50",
      "p99",
      "countersign to it",
    ],
    contendersOf(rows).map((row) => [
      ...[
        nameOf(row),
        shown(row.value),
        `${shown(Math.min(...row.values))}–${shown(Math.max(...row.values))}`,
      ],
      ...[`${row.detail?.["latency_p50_ms"]} ms`, `${row.detail?.["latency_p99_ms"]} ms`],
      row.id === "orders_countersign" ? "" : `${shown(ours / row.value)} ×`,
    ]),
  );
}

/** Everything that was measured. */
export const figuresTable = ({ rows }: Pick<ReadResult, "rows">): string =>
  table(
    ["what", "median", "rounds", "more"],
    rows.map(({ what, unit, value, values, detail }) => [
      ...[what, `${shown(value)} ${unit}`],
      values.length > 1 ? `${shown(Math.min(...values))}–${shown(Math.max(...values))}` : "",
      Object.entries(detail ?? {})
        .map(([name, figure]) => `${name.replaceAll("_", " ")} ${figure}`)
        .join(", "),
    ]),
  );

export type Dimension = "processes" | "stored" | "parked";

export function growthTable(growth: ReadGrowth, dimension: Dimension): string {
  const also: Record<Dimension, [head: string, of: (index: number) => string][]> = {
    processes: [],
    stored: [["database", (i) => `${shown((growth.stored[i]?.database_bytes ?? 0) / 1e9)} GB`]],
    parked: [
      ["all live after a restart", (i) => `${shown((growth.parked[i]?.live_after_ms ?? 0) / 1000)} s`],
    ],
  };
  const heads = { processes: "processes", stored: "stored orders", parked: "waiting orders" };
  return table(
    [
      heads[dimension],
      "orders/s",
      "p50",
      "p99",
      "bare commits/s beside it",
      ...also[dimension].map(([head]) => head),
    ],
    growth[dimension].map((point, i) => [
      ...[
        point.at.toLocaleString("en"),
        shown(point.per_s),
        `${shown(point.p50_ms)} ms`,
        `${shown(point.p99_ms)} ms`,
      ],
      shown(point.bare_commits_per_s),
      ...also[dimension].map(([, of]) => of(i)),
    ]),
  );
}
