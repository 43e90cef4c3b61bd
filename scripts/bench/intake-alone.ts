/** The webhook intake beside the same app that stores nothing, alone: minutes instead of the whole benchmark. */
import { Command } from "commander";
import { closeClient } from "./client.ts";
import { round } from "./figures.ts";
import { intakeRound, waitingOrders, type Intake } from "./intake.ts";
import { startProcess } from "../process.ts";
import { cpuTimes } from "./cpu.ts";
import { startStack } from "./stack.ts";

const options = new Command("bench-intake")
  .option("--rounds <n>", "how many of each", "3")
  .option("--orders <n>", "orders that wait", "100")
  .option("--quick", "fewer requests")
  .option("--only <what>", "noop, unknown, known, or some of them with commas")
  .option("--profile <dir>", "write a CPU profile of the service there")
  .option("--statements", "print what PostgreSQL did")
  .parse()
  .opts<{
    rounds: string;
    orders: string;
    quick?: boolean;
    only?: string;
    profile?: string;
    statements?: boolean;
  }>();
const settings = { quick: options.quick ?? false, say: () => {} };

const noop = await startProcess("scripts/bench/noop-server.ts", {}, (line) => line.startsWith("ready"), {
  nodeArgs: options.profile ? ["--cpu-prof", `--cpu-prof-dir=${options.profile}/noop`] : [],
});
const noopUrl = noop.lines[0]?.split(" ")[1] ?? "";
const stack = await startStack(options.profile ?? null);
try {
  const contenders: [string, (orders: string[]) => Promise<Intake>][] = [
    ["noop", () => intakeRound(noopUrl, settings)],
    ["unknown", () => intakeRound(stack.url, settings)],
    ["known", (orders) => intakeRound(stack.url, settings, orders)],
  ];
  const wanted = contenders.filter(([name]) => (options.only ?? name).split(",").includes(name));
  const orders = wanted.some(([name]) => name === "known")
    ? await waitingOrders(stack.url, Number(options.orders))
    : [];
  if (options.statements) {
    await stack.pool.query("create extension if not exists pg_stat_statements");
    await stack.pool.query("alter system set pg_stat_statements.track = 'all'");
    await stack.pool.query("select pg_reload_conf()");
  }
  for (const [, run] of wanted) await run(orders);
  if (options.statements) await stack.pool.query("select pg_stat_statements_reset()");
  for (let i = 0; i < Number(options.rounds); i++)
    for (const [name, run] of wanted) {
      const noopBefore = cpuTimes(noop.child.pid ?? 0, 0)?.service ?? 0;
      const before = stack.cpu();
      const { full, half, sent } = await run(orders);
      const after = stack.cpu();
      const noopAfter = cpuTimes(noop.child.pid ?? 0, 0)?.service ?? 0;
      const node = name === "noop" ? noopAfter - noopBefore : (after?.service ?? 0) - (before?.service ?? 0);
      const postgres = (after?.postgresql ?? 0) - (before?.postgresql ?? 0);
      console.log(
        `${name.padEnd(8)} ${String(round(full.per_s)).padStart(6)}/s  p50 ${round(full.p50_ms)} p99 ${round(full.p99_ms)}  half: p50 ${round(half.p50_ms)} p99 ${round(half.p99_ms)}` +
          `  client ${round(full.client_busy)}  node µs/event ${round((node * 1000) / sent)}  postgres µs/event ${round((postgres * 1000) / sent)}`,
      );
    }
  if (options.statements) {
    const { rows } = await stack.pool.query<Record<string, unknown>>(
      `select calls, rows, round(total_exec_time) as exec_ms, round(total_plan_time) as plan_ms, wal_bytes, left(regexp_replace(query, '\\s+', ' ', 'g'), 110) as query
         from pg_stat_statements order by total_exec_time + total_plan_time desc limit 16`,
    );
    console.table(rows);
  }
} finally {
  closeClient();
  await noop.stop();
  await stack.stop();
}
