import { join, relative } from "node:path";
import type { Pool } from "pg";
import { startProcess } from "../../process.ts";
import type { Contender } from "../orders.ts";
import type { Stack } from "../stack.ts";
import { openAccount } from "./account.ts";
import { installed, pinned } from "../installed.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** The flow by hand on a job queue in the same PostgreSQL. */
export async function startGraphileWorker(
  stack: Pick<Stack, "providerUrl" | "databaseUrl" | "pool">,
  say: (line: string) => void,
): Promise<Contender & { stop(): Promise<void> }> {
  const folder = relative(ROOT, await installed("peers/graphile-worker", say));
  const account = await openAccount("graphile-worker", stack.providerUrl);
  const server = await startProcess(
    join(folder, "server.js"),
    {
      ...{ BENCH_DATABASE_URL: stack.databaseUrl, BENCH_PROVIDER_URL: stack.providerUrl },
      ...{ BENCH_PROVIDER_KEY: account.key, BENCH_SECRET: account.secret },
    },
    (line) => line.startsWith("ready"),
  );
  const url = server.lines[0]?.split(" ")[1] ?? "";
  await account.sendTo(`${url}/webhooks/stripe`);
  const version = await pinned("peers/graphile-worker", "graphile-worker");
  return {
    name: `Graphile Worker ${version}`,
    ...{ url, providerUrl: stack.providerUrl },
    ...counted(stack.pool),
    stop: () => server.stop(),
  };
}

const counted = (pool: Pool): Pick<Contender, "completed" | "latency"> => ({
  async completed(since) {
    const { rows } = await pool.query<{ count: number }>({
      name: "bench-worker-completed",
      text: "select count(*)::int as count from bench.worker_orders where status = 'completed' and created_at >= $1",
      values: [since],
    });
    return rows[0]?.count ?? 0;
  },
  async latency(since) {
    const { rows } = await pool.query<{ p50: number; p99: number }>(
      `select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99
         from (select extract(epoch from completed_at - created_at) * 1000 as ms
                 from bench.worker_orders where status = 'completed' and created_at >= $1) as done`,
      [since],
    );
    return { p50: Number(rows[0]?.p50), p99: Number(rows[0]?.p99) };
  },
});
