import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { createDirectoryStore } from "../../src/archive/directory.ts";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { createPool } from "../../src/db/pool.ts";
import { createLog } from "../../src/log.ts";
import { closeClient } from "../bench/client.ts";
import { startService } from "../process.ts";
import { readsBetween, readsOf, sizesOf, type Size } from "./sizes.ts";
import { liveYear, type Month } from "./year.ts";

// What a year leaves in the database, and what the loops that run by themselves read of it.

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 12) throw new InvalidArgumentError("write a whole number from 12");
  return value;
};
const { orders } = new Command("test:years")
  .description(
    "Lives a year of orders with an archive, and prints sizes, dead rows and reads at each quarter.",
  )
  .option("--orders <n>", "orders in the year", whole, 2_400)
  .parse()
  .opts<{ orders: number }>();

/** Longer than the slowest loop sleeps, and than a server waits with its statistics. */
const IDLE_MS = 16_000;
const say = (line: string) => console.error(pc.dim(line));
const kib = (bytes: number) => Math.round(bytes / 1024);

const folder = await mkdtemp(join(tmpdir(), "countersign-years-"));
const postgres = await startEmbeddedPostgres({ dataDir: folder });
const pool = createPool({ url: postgres.url, max: 4, applicationName: "countersign-years" });
// A month takes seconds: the server tidies up as often in a month as it would.
await pool.query("alter system set autovacuum_naptime = '2s'");
await pool.query("select pg_reload_conf()");
const service = await startService({
  ...{ PORT: "0", PROVIDER_PORT: "0", DATABASE_URL: postgres.url, DATA_DIR: join(folder, "service") },
  LOG_LEVEL: "error",
});
const url = service.lines.map((line) => /^API\s+(\S+)\/v1\/orders/.exec(line)?.[1]).find(Boolean) ?? "";

async function report({ number, orders: so, open, archived }: Month): Promise<void> {
  say(`month ${number}: ${so} orders, ${open} open, ${archived} archived`);
  if (number % 3 !== 0) return;
  const before = await readsOf(pool);
  await sleep(IDLE_MS);
  const reads = new Map(readsBetween(before, await readsOf(pool)).map((each) => [each.table, each]));
  const sizes = await sizesOf(pool);
  const sum = (of: (size: Size) => number) => sizes.reduce((all, size) => all + of(size), 0);
  const live = so - archived;
  console.log(
    `\nafter ${number} months: ${so} orders, of which ${live} are not archived and ${open} open; ` +
      `${kib(sum(({ bytes }) => bytes))} KiB, ${sum(({ dead }) => dead)} dead rows`,
  );
  console.log(
    pc.dim(
      `${"".padEnd(36)}${"rows".padStart(9)}${"dead".padStart(8)}${"KiB".padStart(9)}   read in ${IDLE_MS / 1000} idle s (whole-table scans)`,
    ),
  );
  for (const { table, rows, dead, bytes } of sizes.filter(({ rows: some }) => some > 0)) {
    const read = reads.get(table);
    const what = read ? `${read.rows}${read.scans > 0 ? ` (${read.scans})` : ""}` : "";
    console.log(
      `${table.padEnd(36)}${String(rows).padStart(9)}${String(dead).padStart(8)}${String(kib(bytes)).padStart(9)}   ${what}`,
    );
  }
}

try {
  const store = createDirectoryStore(join(folder, "archive"));
  const log = createLog("warn");
  await liveYear({ ...{ url, pool, store, log, orders }, sideBySide: 16, onMonth: report });
} finally {
  closeClient();
  await service.stop();
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
