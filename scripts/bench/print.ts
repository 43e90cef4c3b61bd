import pc from "picocolors";
import { round } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { Ratios } from "./ratios.ts";
import type { Row } from "./row.ts";
import { outcomes } from "./targets.ts";

/** What a run says, and what `--json` writes. */
export interface Result {
  machine: Machine;
  rows: Row[];
  ratios: Ratios;
}

/** Two tables for the terminal: every figure with its spread, and each target with what became of it. */
export function print({ machine: on, rows, ratios }: Result): void {
  const width = Math.max(20, ...rows.map(({ what }) => what.length));
  console.log(
    `\n${on.cores} cores of ${on.cpu}, ${on.memory_gb} GB, load ${on.load_at_start} at start, Node ${on.node}, PostgreSQL ${on.postgresql}\n`,
  );
  if (Number(on.load_at_start) > on.cores / 4)
    console.log(pc.yellow("Others use this machine: ratios are indicative, absolute figures mean little.\n"));
  for (const { what, unit, value, values, detail } of rows) {
    const spread = values.length > 1 ? `  ${round(Math.min(...values))}–${round(Math.max(...values))}` : "";
    const more = Object.entries(detail ?? {}).map(([name, figure]) => `${name} ${figure}`);
    console.log(
      `${what.padEnd(width)}  ${pc.bold(String(round(value)).padStart(7))} ${unit.padEnd(9)}${pc.dim([spread, ...more].join("  "))}`,
    );
  }
  console.log("");
  for (const [name, value] of Object.entries(ratios) as [string, number | null][])
    console.log(`${name.padEnd(width)}  ${pc.bold(value === null ? "-" : String(round(value)))}`);
  console.log("");
  for (const { what, target, result, reached } of outcomes(rows, (value) => String(round(value)))) {
    const mark = {
      yes: pc.green("reached"),
      no: pc.red("not reached"),
      "not measured": pc.dim("not measured"),
    };
    console.log(`${what.padEnd(58)}  ${target.padEnd(42)}  ${result.padStart(9)}  ${mark[reached]}`);
  }
}
