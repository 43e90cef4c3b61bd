import Stripe from "stripe";
import type { Pool } from "pg";
import type { Contender } from "./orders.ts";
import { startProcess } from "../process.ts";
import type { Stack } from "./stack.ts";

/** The hand-written reference on the same database and provider; as another account there, so that each hears its own events. */
export async function startHandwritten(stack: Stack): Promise<Contender & { stop(): Promise<void> }> {
  const provider = new URL(stack.providerUrl);
  const stripe = new Stripe("sk_test_handwritten", {
    host: provider.hostname,
    port: provider.port,
    protocol: "http",
    telemetry: false,
  });
  // The secret is the provider's to choose, so the endpoint is made first and moved to where the server listens.
  const made = await stripe.webhookEndpoints.create({ url: "http://127.0.0.1:9/", enabled_events: ["*"] });
  const server = await startProcess(
    "scripts/bench/handwritten-server.ts",
    {
      BENCH_DATABASE_URL: stack.databaseUrl,
      BENCH_PROVIDER_URL: stack.providerUrl,
      BENCH_SECRET: made.secret ?? "",
    },
    (line) => line.startsWith("ready"),
  );
  const url = server.lines[0]?.split(" ")[1] ?? "";
  await stripe.webhookEndpoints.update(made.id, { url: `${url}/webhooks/stripe` });
  return {
    name: "handwritten",
    url,
    providerUrl: stack.providerUrl,
    ...counted(stack.pool),
    stop: () => server.stop(),
  };
}

const counted = (pool: Pool): Pick<Contender, "completed" | "latency"> => ({
  async completed(since) {
    const { rows } = await pool.query<{ count: number }>({
      name: "bench-hand-completed",
      text: "select count(*)::int as count from bench.hand_orders where status = 'completed' and created_at >= $1",
      values: [since],
    });
    return rows[0]?.count ?? 0;
  },
  async latency(since) {
    const { rows } = await pool.query<{ p50: number; p99: number }>(
      `select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99
         from (select extract(epoch from completed_at - created_at) * 1000 as ms
                 from bench.hand_orders where status = 'completed' and created_at >= $1) as done`,
      [since],
    );
    return { p50: Number(rows[0]?.p50), p99: Number(rows[0]?.p99) };
  },
});
