import { execFile } from "node:child_process";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Pool } from "pg";
import { startProcess } from "../../process.ts";
import { installed, pinned } from "../installed.ts";
import type { Contender } from "../orders.ts";
import type { Stack } from "../stack.ts";
import { openAccount } from "./account.ts";

const run = promisify(execFile);

/** Vercel's Workflow SDK with its Postgres world, in the same PostgreSQL. */
export async function startWorkflow(
  stack: Pick<Stack, "providerUrl" | "databaseUrl" | "pool">,
  say: (line: string) => void,
): Promise<Contender & { stop(): Promise<void> }> {
  const folder = await installed("peers/workflow", say);
  const world = {
    WORKFLOW_TARGET_WORLD: "@workflow/world-postgres",
    WORKFLOW_POSTGRES_URL: stack.databaseUrl,
  };
  const options = { cwd: folder, env: { ...process.env, ...world } };
  await run("node_modules/.bin/workflow", ["build", "--target", "standalone"], options);
  // Megabytes that nobody should read, check or commit.
  const built = join(folder, "node_modules/.well-known");
  await rm(built, { recursive: true, force: true });
  await rename(join(folder, ".well-known"), built);
  for (const left of [".swc", ".gitignore"]) await rm(join(folder, left), { recursive: true, force: true });
  await run(process.execPath, ["node_modules/@workflow/world-postgres/bin/setup.js"], options);
  const account = await openAccount("workflow", stack.providerUrl);
  const server = await startProcess(
    "server.js",
    {
      ...world,
      ...{ BENCH_PROVIDER_URL: stack.providerUrl, BENCH_PROVIDER_KEY: account.key },
      BENCH_SECRET: account.secret,
    },
    (line) => line.startsWith("ready"),
    // It looks for its world's package from where it runs.
    { cwd: folder },
  );
  const url = server.lines.at(-1)?.split(" ")[1] ?? "";
  await account.sendTo(`${url}/webhooks/stripe`);
  const version = await pinned("peers/workflow", "workflow");
  return {
    name: `Vercel Workflow ${version}`,
    ...{ url, providerUrl: stack.providerUrl },
    ...counted(stack.pool),
    stop: () => server.stop(),
  };
}

/** Its times are without a zone, in UTC. */
const counted = (pool: Pool): Pick<Contender, "completed" | "latency"> => ({
  async completed(since) {
    const { rows } = await pool.query<{ count: number }>({
      name: "bench-workflow-completed",
      text: "select count(*)::int as count from workflow.workflow_runs where status = 'completed' and created_at >= $1::timestamptz at time zone 'utc'",
      values: [since],
    });
    return rows[0]?.count ?? 0;
  },
  async latency(since) {
    const { rows } = await pool.query<{ p50: number; p99: number }>(
      `select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99
         from (select extract(epoch from completed_at - created_at) * 1000 as ms from workflow.workflow_runs
                where status = 'completed' and created_at >= $1::timestamptz at time zone 'utc') as done`,
      [since],
    );
    return { p50: Number(rows[0]?.p50), p99: Number(rows[0]?.p99) };
  },
});
