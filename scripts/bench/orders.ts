import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { encodeTime } from "ulid";
import { z } from "zod";
import { json } from "./client.ts";
import { median, round } from "./figures.ts";
import type { Row } from "./row.ts";

/** Whoever runs the flow: created over HTTP, paid at the mock provider, completed by its webhooks. */
export interface Contender {
  name: string;
  url: string;
  providerUrl: string;
  /** How many of the orders created since are completed, and the half and nearly all of how long that took, in ms. */
  completed(since: Date): Promise<number>;
  latency(since: Date): Promise<{ p50: number; p99: number }>;
}

/** Ours, counted in the database: asking the API for each order would be a load of its own. */
export const countersign = (urls: { url: string; providerUrl: string }, pool: Pool): Contender => ({
  name: "countersign",
  ...urls,
  async completed(since) {
    const { rows } = await pool.query<{ count: number }>({
      name: "bench-completed",
      text: `select count(*)::int as count from countersign.orders
              where tenant = 'dev' and status = 'completed' and id >= $1 /* bench */`,
      values: [firstIdOf(since)],
    });
    return rows[0]?.count ?? 0;
  },
  async latency(since) {
    const { rows } = await pool.query<{ p50: number; p99: number }>(
      `select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99
         from (select extract(epoch from (state->>'ended_at')::timestamptz - created_at) * 1000 as ms
                 from countersign.orders where tenant = 'dev' and status = 'completed' and id >= $1) as bench`,
      [firstIdOf(since)],
    );
    return { p50: Number(rows[0]?.p50), p99: Number(rows[0]?.p99) };
  },
});

/** Ids begin with the time at which they were made; by id they are found among a million others without reading those. */
const firstIdOf = (since: Date) => `ord_${encodeTime(since.getTime(), 10).toLowerCase()}`;

const createdShape = z.looseObject({ payment: z.looseObject({ session_id: z.string() }) });

export interface Round {
  per_s: number;
  p50: number;
  p99: number;
}

/** Orders that are under way at once, from creation to completion. */
export const AT_ONCE = 32;
const LOOK_EVERY_MS = 15;
const STUCK_MS = 60_000;
let serial = 0;

/** Runs `count` orders, never more than `AT_ONCE` under way, and measures until the last one is completed. */
export async function ordersRound(contender: Contender, count: number): Promise<Round> {
  const since = new Date();
  const started = performance.now();
  let begun = 0;
  let done = 0;
  let paying = 0;
  let moved = performance.now();
  let failure: Error | null = null;
  const begin = () => {
    while (begun < count && begun - done < AT_ONCE && paying < AT_ONCE) {
      begun++;
      paying++;
      payOne(contender)
        .catch((error: Error) => (failure ??= error))
        .finally(() => paying--);
    }
  };
  while (done < count) {
    begin();
    await sleep(LOOK_EVERY_MS);
    const now = await contender.completed(since);
    if (now > done) moved = performance.now();
    done = now;
    if (failure !== null) throw failure as Error;
    if (performance.now() - moved > STUCK_MS)
      throw new Error(`${contender.name}: ${count - done} orders of ${count} do not complete`);
  }
  const seconds = (performance.now() - started) / 1000;
  return { per_s: count / seconds, ...(await contender.latency(since)) };
}

async function payOne({ url, providerUrl }: Contender): Promise<void> {
  const order = { reference: `PO-${++serial}`, amount: 1250, currency: "usd" };
  const key = { "idempotency-key": `bench-${process.pid}-${serial}` };
  const { payment } = createdShape.parse(await json("POST", `${url}/v1/orders`, order, key));
  await json("POST", `${providerUrl}/_mock/checkout/${payment.session_id}/pay`, {
    payment_method: "pm_card_visa",
  });
}

export function orderRows(name: string, rounds: Round[]): Row[] {
  const perSecond = rounds.map(({ per_s }) => per_s);
  return [
    {
      id: `orders_${name}`,
      what: `payment-only order over HTTP, created to completed (${name})`,
      unit: "orders/s",
      value: median(perSecond),
      values: perSecond,
      detail: {
        latency_p50_ms: round(median(rounds.map(({ p50 }) => p50))),
        latency_p99_ms: round(median(rounds.map(({ p99 }) => p99))),
        under_way: AT_ONCE,
      },
    },
  ];
}
