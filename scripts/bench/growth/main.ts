import { writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import pc from "picocolors";
import { insertReconciliation } from "../../../src/db/reconciliations.ts";
import { newId } from "../../../src/ids.ts";
import { closeClient } from "../client.ts";
import { prepareCommits } from "../commits.ts";
import { startDatabase, type Database } from "../database.ts";
import { round } from "../figures.ts";
import { machine, type Machine } from "../machine.ts";
import { countersign } from "../orders.ts";
import { createOrder, pay } from "../payment.ts";
import type { Settings } from "../row.ts";
import { createScope, type Scope } from "../scope.ts";
import { startServiceOn, type ServiceProcess } from "../stack.ts";
import { ENDED, liveAt, storeCopies, storedSize, WAITING } from "../stored.ts";
import { measurePoint, type Point } from "./point.ts";

// What becomes of orders/s and latency with more processes, more stored orders, and more orders that wait.

export interface Growth {
  machine: Machine;
  processes: Point[];
  stored: (Point & { database_bytes: number })[];
  parked: (Point & { live_after_ms: number })[];
}

const options = new Command("bench:growth")
  .description(
    "Measures orders/s and latency with 1 to 4 processes, 10³ to 10⁶ stored and 0 to 100,000 waiting orders.",
  )
  .option("--quick", "small sizes: shows that everything runs")
  .option("--json <file>", "also write the figures, for the plots")
  .parse()
  .opts<{ quick?: boolean; json?: string }>();
const settings: Settings = {
  quick: options.quick ?? false,
  say: (line) => console.error(pc.dim(line)),
};
const { quick, say } = settings;

/** More processes on one PostgreSQL, on the same two cores: what they cost each other. */
async function withProcesses(scope: Scope): Promise<Point[]> {
  const database = await scope.start(startDatabase());
  await prepareCommits(database.pool);
  const providerPort = await freePort();
  const services: ServiceProcess[] = [];
  const points: Point[] = [];
  for (const count of quick ? [1, 2] : [1, 2, 4]) {
    while (services.length < count)
      services.push(await scope.start(startServiceOn(database, { providerPort })));
    say(`${count} processes`);
    points.push(await measurePoint(count, database, services, settings));
  }
  return points;
}

async function withStored(scope: Scope): Promise<Growth["stored"]> {
  const database = await scope.start(startDatabase());
  await prepareCommits(database.pool);
  const service = await scope.start(startServiceOn(database));
  const template = await ended(service, database);
  const points: Growth["stored"] = [];
  let from = 1;
  for (const to of quick ? [1_000, 5_000] : [1_000, 10_000, 100_000, 1_000_000]) {
    say(`${to} stored orders`);
    await storeCopies(database.url, { template, from, to, kept: ENDED });
    from = to + 1;
    const point = await measurePoint(to, database, [service], settings);
    points.push({ ...point, database_bytes: (await storedSize(database.pool)).bytes });
  }
  return points;
}

/** Each size on a database of its own, since orders that wait are taken up when the service starts. */
async function withParked(scope: Scope): Promise<Growth["parked"]> {
  const points: Growth["parked"] = [];
  for (const count of quick ? [0, 500] : [0, 1_000, 10_000, 100_000]) {
    say(`${count} waiting orders`);
    const own = createScope();
    await scope.start(Promise.resolve({ stop: () => own.end() }));
    const database = await own.start(startDatabase());
    await prepareCommits(database.pool);
    const first = await own.start(startServiceOn(database, { env: { SLEEP_AFTER_S: "0.5" } }));
    const template = (await createOrder(first.url)).id;
    // Long enough to fall asleep, as whatever waits for more than a minute does.
    await sleep(3_000);
    await first.stop();
    if (count > 0) await storeCopies(database.url, { template, from: 1, to: count, kept: WAITING });
    // The night's comparison with the provider, and its polls of payments that wait, are not what is measured.
    await insertReconciliation(database.pool, {
      ...{ id: newId("rec"), tenant: "dev", since: new Date() },
      started_by: `night ${new Date().toISOString().slice(0, 10)}`,
    });
    const began = performance.now();
    const service = await own.start(startServiceOn(database, { env: { RECONCILE_EVERY_S: "3600" } }));
    for (const deadline = Date.now() + LIVE_WITHIN_MS; (await liveAt(service.url)) < count; await sleep(250))
      if (Date.now() > deadline) throw new Error(`not all of ${count} waiting orders come back`);
    const live = performance.now() - began;
    points.push({ ...(await measurePoint(count, database, [service], settings)), live_after_ms: live });
    await own.end();
  }
  return points;
}

const LIVE_WITHIN_MS = 600_000;

async function ended(service: ServiceProcess, { pool }: Database): Promise<string> {
  const since = new Date(Date.now() - 60_000);
  const order = await createOrder(service.url);
  await pay(service.providerUrl, order);
  while ((await countersign(service, pool).completed(since)) === 0) await sleep(20);
  return order.id;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function print(what: string, points: readonly Point[]): void {
  console.log(`\n${what.padEnd(20)} orders/s   p50 ms   p99 ms   bare commits/s`);
  for (const { at, per_s, p50_ms, p99_ms, bare_commits_per_s } of points)
    console.log(
      `${String(at).padEnd(20)} ${[per_s, p50_ms, p99_ms].map((each) => String(round(each)).padStart(8)).join(" ")} ${String(round(bare_commits_per_s)).padStart(16)}`,
    );
}

let interrupted = false;
const scope = createScope();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    interrupted = true;
    say("ending what was started");
    void scope.end().finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
  });
try {
  const probe = await scope.start(startDatabase());
  const about = await machine(probe.pool);
  await probe.stop();
  /** What a part started ends with it. */
  const within = async <T>(part: (own: Scope) => Promise<T>): Promise<T> => {
    const own = createScope();
    await scope.start(Promise.resolve({ stop: () => own.end() }));
    return part(own).finally(() => own.end());
  };
  const growth: Growth = {
    machine: about,
    processes: await within(withProcesses),
    stored: await within(withStored),
    parked: await within(withParked),
  };
  print("processes", growth.processes);
  print("stored orders", growth.stored);
  print("waiting orders", growth.parked);
  if (options.json) await writeFile(options.json, `${JSON.stringify(growth, null, 2)}\n`);
} catch (error) {
  if (!interrupted) throw error;
} finally {
  closeClient();
  await scope.end();
}
