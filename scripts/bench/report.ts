import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { format, resolveConfig } from "prettier";
import { installed } from "./installed.ts";
import { capacityText } from "./report/capacity.ts";
import { replaceMarked } from "./report/marked.ts";
import { growthShape, resultShape, type ReadGrowth, type ReadResult } from "./report/shapes.ts";
import {
  contendersOf,
  contendersTable,
  figuresTable,
  growthTable,
  measuredOn,
  nameOf,
  targetsTable,
  type Dimension,
} from "./report/tables.ts";

// Puts the figures of a run into the pages: npx tsx scripts/bench/report.ts FILE…

const ROOT = resolve(import.meta.dirname, "../..");
const PLOTS = join(ROOT, "docs/performance");

/** `plots/draw.js`, whose packages are installed on demand. */
interface Draw {
  contenders: (bars: { name: string; value: number; values: number[]; ours: boolean }[]) => string;
  growth: (label: string, points: { at: number; per_s: number; p50_ms: number; p99_ms: number }[]) => string;
}

const { args: files } = new Command("report")
  .description(
    "Writes the figures of npm run bench and npm run bench:growth into the pages, and draws their plots.",
  )
  .argument("<file...>", "what --json has written")
  .parse();

async function loadDraw(): Promise<Draw> {
  const folder = await installed("plots", (line) => console.error(line));
  return (await import(pathToFileURL(join(folder, "draw.js")).href)) as Draw;
}

/** Writes between a page's markers, formatted as the project's pages are. */
async function fill(page: string, contents: Record<string, string>): Promise<void> {
  const path = join(ROOT, page);
  let text = await readFile(path, "utf8");
  for (const [name, content] of Object.entries(contents)) text = replaceMarked(text, name, content);
  await writeFile(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
  console.log(page);
}

async function draw(name: string, svg: string): Promise<void> {
  await writeFile(join(PLOTS, name), svg);
  console.log(`docs/performance/${name}`);
}

async function reportResult(result: ReadResult, plots: Draw): Promise<void> {
  const on = measuredOn(result);
  await fill("docs/performance.md", {
    targets: `${on}\n\n${targetsTable(result)}`,
    contenders: contendersTable(result),
    figures: figuresTable(result),
  });
  await fill("README.md", { targets: `${on}\n\n${targetsTable(result)}` });
  const bars = contendersOf(result.rows).map((row) => ({
    ...{ name: nameOf(row), value: row.value, values: row.values },
    ours: row.id === "orders_countersign",
  }));
  if (bars.length > 0) await draw("contenders.svg", plots.contenders(bars));
}

const LABELS: Record<Dimension, string> = {
  processes: "processes",
  stored: "stored orders",
  parked: "waiting orders",
};

async function reportGrowth(growth: ReadGrowth, plots: Draw): Promise<void> {
  await fill("docs/performance/growth.md", {
    machine: measuredOn(growth),
    processes: growthTable(growth, "processes"),
    stored: growthTable(growth, "stored"),
    parked: growthTable(growth, "parked"),
    capacity: capacityText(growth),
  });
  for (const [dimension, label] of Object.entries(LABELS) as [Dimension, string][])
    await draw(`growth-${dimension}.svg`, plots.growth(label, growth[dimension]));
}

const plots = await loadDraw();
for (const file of files) {
  const read: unknown = JSON.parse(await readFile(file, "utf8"));
  const growth = growthShape.safeParse(read);
  if (growth.success) await reportGrowth(growth.data, plots);
  else await reportResult(resultShape.parse(read), plots);
}
