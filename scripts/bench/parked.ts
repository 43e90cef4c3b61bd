import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { insertReconciliation } from "../../src/db/reconciliations.ts";
import { newId } from "../../src/ids.ts";
import { startProcess, type RunningProcess } from "../process.ts";
import { closeClient, json } from "./client.ts";
import { cpuTimes } from "./cpu.ts";
import { percentile, round } from "./figures.ts";

// What orders cost that wait: memory, idle processor time, wake-up, and a restart with all of them.

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("write a whole number from 1");
  return value;
};
const { orders } = new Command("bench:parked")
  .description(
    "Measures what waiting orders cost: memory, idle time, wake-up, and a restart with all of them.",
  )
  .option("--orders <n>", "how many wait", count, 10_000)
  .parse()
  .opts<{ orders: number }>();

const say = (line: string) => console.error(pc.dim(line));

interface Order {
  id: string;
  status: string;
  audit: { entries: number };
}

const create = (url: string, n: number | string) =>
  json(
    "POST",
    `${url}/v1/orders`,
    { reference: `PO-${n}`, amount: 1250, currency: "usd" },
    {
      "idempotency-key": `parked-${process.pid}-${n}`,
    },
  ) as Promise<Order>;

/** Tables that hold something of a waiting order, by the column that names it. */
const TABLES: [table: string, column: string][] = [
  ["countersign.orders", "id"],
  ["countersign.audit_index", "order_id"],
  ["dbos.workflow_status", "workflow_uuid"],
  ["dbos.workflow_input", "workflow_uuid"],
  ["dbos.operation_outputs", "workflow_uuid"],
  ["dbos.notifications", "destination_uuid"],
  ["dbos.workflow_events", "workflow_uuid"],
  ["dbos.workflow_events_history", "workflow_uuid"],
  ["dbos.streams", "workflow_uuid"],
];

/** Copies all that is stored of one waiting order under other ids: what as many real ones would have left. */
async function multiply(pool: Pool, { id }: Order, times: number): Promise<void> {
  const BATCH = 2_000;
  for (let from = 1; from <= times; from += BATCH)
    for (const [table, column] of TABLES)
      await pool.query(
        `insert into ${table}
         select (json_populate_record(null::${table}, replace(row_to_json(t)::text, $1, left($1, 14) || lpad(to_hex(n), 16, '0'))::json)).*
           from ${table} t cross join generate_series($2::int, $3::int) as n where t.${column} = $1`,
        [id, from, Math.min(from + BATCH - 1, times)],
      );
  await pool.query("analyze");
}

const copyOf = ({ id }: Order, n: number) => `${id.slice(0, 14)}${n.toString(16).padStart(16, "0")}`;

async function residentKb({ child }: RunningProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN);
}

async function parkedAt(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^countersign_workflows_parked (\d+)/m.exec(text)?.[1] ?? 0);
}

const folder = await mkdtemp(join(tmpdir(), "countersign-parked-"));
const postgres = await startEmbeddedPostgres({ dataDir: folder });
const pool = createPool({ url: postgres.url, max: 2, applicationName: "countersign-bench" });
const start = () =>
  startProcess(
    "src/main.ts",
    {
      PORT: "0",
      PROVIDER_PORT: "0",
      DATABASE_URL: postgres.url,
      DATA_DIR: join(folder, "service"),
      LOG_LEVEL: "error",
      RECONCILE_EVERY_S: "3600",
    },
    (line) => line === "ready",
  );
const urlOf = ({ lines }: RunningProcess) =>
  lines.map((line) => /^API\s+(\S+)\/v1\/orders/.exec(line)?.[1]).find(Boolean) ?? "";

const rows: [what: string, value: number, unit: string, target: string][] = [];
try {
  say("one order that waits, to be copied");
  const first = await start();
  const template = await create(urlOf(first), "template");
  await sleep(2_000);
  await first.stop();
  say(`copying it ${orders} times`);
  await multiply(pool, template, orders);
  // The night's comparison with the provider has been made: it is once a day, and not what a restart costs.
  await insertReconciliation(pool, {
    ...{ id: newId("rec"), tenant: "dev", since: new Date() },
    started_by: `night ${new Date().toISOString().slice(0, 10)}`,
  });

  say("starting on them");
  const began = performance.now();
  const service = await start();
  const url = urlOf(service);
  rows.push(["restart to ready", performance.now() - began, "ms", "3000"]);
  const created: number[] = [];
  let live = 0;
  for (let n = 0; live < orders; n++) {
    const asked = performance.now();
    await create(url, n);
    created.push(performance.now() - asked);
    live = await parkedAt(url);
  }
  rows.push([
    "restart to all of them live",
    performance.now() - began,
    "ms",
    orders <= 10_000 ? "10000" : "60000",
  ]);
  rows.push(["creating an order meanwhile, p95", percentile(created, 0.95), "ms", ""]);

  say("idle");
  await sleep(5_000);
  const resident = await residentKb(service);
  const before = cpuTimes(service.child.pid ?? 0, postgres.pid);
  const IDLE_MS = 20_000;
  await sleep(IDLE_MS);
  const after = cpuTimes(service.child.pid ?? 0, postgres.pid);
  const spent = (after?.service ?? NaN) - (before?.service ?? NaN);
  const database = (after?.postgresql ?? NaN) - (before?.postgresql ?? NaN);
  rows.push(["idle, of one core: service", (100 * spent) / IDLE_MS, "%", "3"]);
  rows.push(["idle, of one core: PostgreSQL", (100 * database) / IDLE_MS, "%", ""]);

  say("waking some");
  const woken: number[] = [];
  for (let n = 1; n <= 200; n++) {
    const id = copyOf(template, 1 + Math.floor(Math.random() * orders));
    const { audit } = (await json("GET", `${url}/v1/orders/${id}`)) as Order;
    const sent = performance.now();
    await json("POST", `${url}/v1/orders/${id}/messages`, { topic: "note", message: "are you there?" });
    for (let entries = audit.entries; entries === audit.entries;)
      entries = ((await json("GET", `${url}/v1/orders/${id}`)) as Order).audit.entries;
    woken.push(performance.now() - sent);
    await sleep(20);
  }
  rows.push(["a message wakes its order, p50", percentile(woken, 0.5), "ms", ""]);
  rows.push(["a message wakes its order, p95", percentile(woken, 0.95), "ms", "100"]);
  await service.stop();

  say("the same with none, to compare memory");
  await pool.query(
    "update dbos.workflow_status set status = 'CANCELLED' where status in ('PENDING', 'ENQUEUED')",
  );
  await pool.query("update countersign.orders set segment_open = false");
  const empty = await start();
  await sleep(5_000);
  rows.push([
    "resident memory per waiting order",
    (resident - (await residentKb(empty))) / orders,
    "KiB",
    "20",
  ]);
  await empty.stop();
} finally {
  closeClient();
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

console.log(`\n${orders} waiting orders\n`);
for (const [what, value, unit, target] of rows)
  console.log(
    `${what.padEnd(36)} ${pc.bold(String(round(value)).padStart(8))} ${unit.padEnd(4)} ${target && pc.dim(`target ${target}`)}`,
  );
