import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { Part } from "../bench.ts";
import { prepareCommits, roundTrips } from "../commits.ts";
import { percentile, round } from "../figures.ts";
import { countersign, type Contender } from "../orders.ts";
import { createOrder, pay } from "../payment.ts";
import type { Row } from "../row.ts";
import { startStack } from "../stack.ts";

const PER_SECOND = 50;
const WITHIN_MS = 60_000;

/**
 * From the commit that takes a webhook in, after which the provider has its 2xx, to the commit after which the order's new status can
 * be read. Both times are PostgreSQL's own: asking the API for each order would be a load of its own.
 */
export const status: Part = {
  name: "status",
  alone: true,
  what: "webhook accepted to new status readable, at 50 orders/s, beside the round trip of a bare commit",
  async run(bench) {
    const stack = await bench.scope.start(startStack(null, { commitTimes: true }));
    const ours = countersign(stack, stack.pool);
    await prepareCommits(stack.pool);
    await paced(ours, bench.quick ? 50 : 300);
    const before = await roundTrips(stack.pool, bench);
    const since = new Date();
    const started = performance.now();
    const count = bench.quick ? 100 : 600;
    await paced(ours, count);
    const perSecond = (count * 1000) / (performance.now() - started);
    const delays = await delaysOf(stack.pool, since);
    return rowsOf(delays, [...before, ...(await roundTrips(stack.pool, bench))], perSecond);
  },
};

/** Orders at an even pace, whatever becomes of those before, until all are completed. */
async function paced(contender: Contender, count: number): Promise<void> {
  const since = new Date();
  const started = performance.now();
  const paying: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    const wait = started + (i * 1000) / PER_SECOND - performance.now();
    if (wait > 1) await sleep(wait);
    paying.push(createOrder(contender.url).then((order) => pay(contender.providerUrl, order)));
  }
  await Promise.all(paying);
  for (const deadline = Date.now() + WITHIN_MS; (await contender.completed(since)) < count; await sleep(15))
    if (Date.now() > deadline) throw new Error("orders do not complete");
}

async function delaysOf(pool: Pool, since: Date): Promise<number[]> {
  const { rows } = await pool.query<{ ms: number }>(
    `select extract(epoch from min(pg_xact_commit_timestamp(e.xmin)) - min(pg_xact_commit_timestamp(w.xmin)))::float8 * 1000 as ms
       from countersign.orders o
       join countersign.inbound_webhooks w on w.order_id = o.id and w.type = 'payment_intent.succeeded'
       join countersign.audit_index e on e.order_id = o.id and e.type = 'payment.captured'
      where o.created_at >= $1 group by o.id`,
    [since],
  );
  // Where another event of the same payment was taken in before, the status was there before this one.
  return rows.map(({ ms }) => Math.max(0, ms));
}

function rowsOf(delays: number[], trips: number[], perSecond: number): Row[] {
  const trip = percentile(trips, 0.5);
  const p50 = percentile(delays, 0.5);
  return [
    {
      ...{ id: "webhook_to_status", what: "webhook accepted to new status readable, at 50 orders/s, p50" },
      ...{ unit: "ms", value: p50, values: [p50] },
      detail: {
        p95_ms: round(percentile(delays, 0.95)),
        ...{ bare_commit_ms: round(trip), orders: delays.length, per_s: round(perSecond) },
      },
    },
    {
      ...{ id: "webhook_to_status_in_commits", what: "the same, in round trips of one bare commit" },
      ...{ unit: "×", value: p50 / trip, values: [p50 / trip] },
    },
  ];
}
