import type { Pool } from "pg";
import { median, percentile, round } from "./figures.ts";
import type { Row, Settings } from "./row.ts";

export const prepareCommits = (pool: Pool) =>
  pool.query(
    "create schema if not exists bench; create table if not exists bench.bare (id bigserial, body text)",
  );

const insert = (body: string) => ({
  name: "bench-bare",
  text: "insert into bench.bare (body) values ($1)",
  values: [body],
});

/** What the database can do at best: single-row commits over the whole pool, for a while. */
export async function commitsPerSecond(pool: Pool, { quick }: Settings): Promise<number> {
  const body = "x".repeat(300);
  const ms = quick ? 1_000 : 3_000;
  const started = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: pool.options.max ?? 10 }, async () => {
      while (performance.now() - started < ms) {
        await pool.query(insert(body));
        done++;
      }
    }),
  );
  return (done * 1000) / (performance.now() - started);
}

/** One commit after the other over one connection, in milliseconds. */
export async function roundTrips(pool: Pool, { quick }: Settings): Promise<number[]> {
  const client = await pool.connect();
  const times: number[] = [];
  try {
    for (let i = 0; i < (quick ? 200 : 1_000); i++) {
      const from = performance.now();
      await client.query(insert("x".repeat(300)));
      times.push(performance.now() - from);
    }
  } finally {
    client.release();
  }
  return times;
}

export function commitRows(perSecond: number[], trips: number[]): Row[] {
  return [
    {
      id: "bare_commits",
      what: "bare single-row commits, same PostgreSQL, 10 connections",
      unit: "/s",
      value: median(perSecond),
      values: perSecond,
    },
    {
      id: "bare_round_trip",
      what: "round trip of one bare commit, p50",
      unit: "ms",
      value: percentile(trips, 0.5),
      values: [percentile(trips, 0.5)],
      detail: { p99_ms: round(percentile(trips, 0.99)) },
    },
  ];
}
