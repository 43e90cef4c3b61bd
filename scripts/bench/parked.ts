import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { createPool } from "../../src/db/pool.ts";
import { insertReconciliation } from "../../src/db/reconciliations.ts";
import { newId } from "../../src/ids.ts";
import { startService, type RunningProcess } from "../process.ts";
import { closeClient, json } from "./client.ts";
import { cpuTimes } from "./cpu.ts";
import { percentile, round } from "./figures.ts";
import { liveAt, storeCopies, storedId, WAITING } from "./stored.ts";

// What orders cost that wait: memory, idle processor time, wake-up, and a restart with all of them.

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("write a whole number from 1");
  return value;
};
const { orders, awake } = new Command("bench:parked")
  .description(
    "Measures what waiting orders cost: memory, idle time, wake-up, and a restart with all of them.",
  )
  .option("--orders <n>", "how many wait", count, 10_000)
  .option("--awake", "they were in a process's memory when it was killed, instead of asleep", false)
  .parse()
  .opts<{ orders: number; awake: boolean }>();

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

/** From sending an order a message until its trail has it, in milliseconds. */
async function heard(url: string, id: string): Promise<number> {
  const { audit } = (await json("GET", `${url}/v1/orders/${id}`)) as Order;
  const sent = performance.now();
  await json("POST", `${url}/v1/orders/${id}/messages`, { topic: "note", message: "are you there?" });
  for (let entries = audit.entries; entries === audit.entries;)
    entries = ((await json("GET", `${url}/v1/orders/${id}`)) as Order).audit.entries;
  const took = performance.now() - sent;
  await sleep(20);
  return took;
}

async function residentKb({ child }: RunningProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN);
}

const folder = await mkdtemp(join(tmpdir(), "countersign-parked-"));
const postgres = await startEmbeddedPostgres({ dataDir: folder });
const pool = createPool({ url: postgres.url, max: 2, applicationName: "countersign-bench" });
const start = (sleepAfterS: number) =>
  startService({
    PORT: "0",
    PROVIDER_PORT: "0",
    DATABASE_URL: postgres.url,
    DATA_DIR: join(folder, "service"),
    LOG_LEVEL: "error",
    RECONCILE_EVERY_S: "3600",
    SLEEP_AFTER_S: String(sleepAfterS),
  });
const urlOf = ({ lines }: RunningProcess) =>
  lines.map((line) => /^API\s+(\S+)\/v1\/orders/.exec(line)?.[1]).find(Boolean) ?? "";

const rows: [what: string, value: number, unit: string, target: string][] = [];
try {
  say("one order that waits, to be copied");
  const first = await start(awake ? 0 : 0.5);
  const template = await create(urlOf(first), "template");
  await sleep(3_000);
  await first.stop();
  // It has waited for an hour.
  await pool.query(
    "update dbos.workflow_status set created_at = created_at - 3600000, updated_at = updated_at - 3600000",
  );
  say(`copying it ${orders} times`);
  await storeCopies(postgres.url, { template: template.id, from: 1, to: orders, kept: WAITING });
  // The night's comparison with the provider has been made: it is once a day, and not what a restart costs.
  await insertReconciliation(pool, {
    ...{ id: newId("rec"), tenant: "dev", since: new Date() },
    started_by: `night ${new Date().toISOString().slice(0, 10)}`,
  });

  say("starting on them");
  const began = performance.now();
  const service = await start(60);
  const url = urlOf(service);
  rows.push(["restart to ready", performance.now() - began, "ms", "3000"]);
  const created: number[] = [];
  let live = 0;
  for (let n = 0; live < orders; n++) {
    const asked = performance.now();
    await create(url, n);
    created.push(performance.now() - asked);
    live = await liveAt(url);
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
  const inMemory: number[] = [];
  for (let n = 1; n <= 200; n++) {
    woken.push(await heard(url, storedId(template.id, 1 + Math.floor(Math.random() * orders))));
    // What the same costs where nothing sleeps, at the same time on the same machine.
    if (n % 4 === 0) inMemory.push(await heard(url, (await create(url, `beside-${n}`)).id));
  }
  rows.push(["a message wakes its order, p50", percentile(woken, 0.5), "ms", ""]);
  rows.push(["a message wakes its order, p95", percentile(woken, 0.95), "ms", "100"]);
  rows.push(["the same of one in memory, p50", percentile(inMemory, 0.5), "ms", ""]);
  rows.push(["the same of one in memory, p95", percentile(inMemory, 0.95), "ms", ""]);
  await service.stop();

  say("the same with none, to compare memory");
  await pool.query(
    "update dbos.workflow_status set status = 'CANCELLED' where status in ('PENDING', 'ENQUEUED', 'DELAYED')",
  );
  await pool.query("update countersign.orders set segment_open = false");
  const empty = await start(60);
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

console.log(`\n${orders} waiting orders, ${awake ? "left awake by a killed process" : "asleep"}\n`);
for (const [what, value, unit, target] of rows)
  console.log(
    `${what.padEnd(36)} ${pc.bold(String(round(value)).padStart(8))} ${unit.padEnd(4)} ${target && pc.dim(`target ${target}`)}`,
  );
