import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { CpuOf } from "./cpu.ts";
import { round } from "./figures.ts";
import { ordersRound, type Contender } from "./orders.ts";
import type { Row, Settings } from "./row.ts";
import type { Stack } from "./stack.ts";

export interface Statement {
  query: string;
  calls_per_order: number;
  /** Time inside PostgreSQL, to plan and to execute. */
  plan_ms_per_order: number;
  ms_per_order: number;
}

export interface Cost {
  commits: number;
  write_transactions: number;
  statements: number;
  wal_bytes: number;
  /** Milliseconds of a processor, by part; null where the system does not tell. */
  cpu_ms: CpuOf | null;
  list: Statement[];
}

interface Counters {
  at: number;
  commits: number;
  xid: number;
  wal: number;
  statements: Map<string, { query: string; calls: number; plan_ms: number; ms: number }>;
}

/** Backends report what they did once a second, and when they have been idle for ten (PostgreSQL: `pgstat.c`). */
const REPORTED_MS = 11_000;
const IDLE_MS = 5_000;

/** What one payment-only order costs in the database: what happened while orders ran, less what happens while none do. */
export async function costPerOrder(
  contender: Contender,
  { pool, cpu }: Pick<Stack, "pool" | "cpu">,
  { quick }: Settings,
): Promise<Cost> {
  await pool.query("create extension if not exists pg_stat_statements");
  await setTracking(pool, "top");
  try {
    await sleep(REPORTED_MS);
    const start = await read(pool);
    await sleep(IDLE_MS);
    await sleep(quick ? 0 : REPORTED_MS);
    const idle = await read(pool);
    const orders = quick ? 100 : 400;
    const before = cpu();
    await ordersRound(contender, orders);
    const after = cpu();
    await sleep(REPORTED_MS);
    const end = await read(pool);
    return { ...compute(start, idle, end, orders), cpu_ms: cpuPerOrder(before, after, orders) };
  } finally {
    await setTracking(pool, "none");
  }
}

async function setTracking(pool: Pool, track: "top" | "none"): Promise<void> {
  await pool.query(`alter system set pg_stat_statements.track = '${track}'`);
  await pool.query("select pg_reload_conf()");
}

async function read(pool: Pool): Promise<Counters> {
  const { rows } = await pool.query<{ commits: number; xid: string; wal: number }>(
    `select xact_commit::float8 as commits, pg_snapshot_xmax(pg_current_snapshot())::text as xid,
            (pg_current_wal_lsn() - '0/0')::float8 as wal
       from pg_stat_database where datname = current_database() /* bench */`,
  );
  const statements = await pool.query<{
    id: string;
    query: string;
    calls: number;
    plan_ms: number;
    ms: number;
  }>(
    `select queryid::text as id, min(query) as query, sum(calls)::float8 as calls, sum(total_plan_time) as plan_ms, sum(total_exec_time) as ms
       from pg_stat_statements
      where dbid = (select oid from pg_database where datname = current_database()) and query not like '%bench%'
      group by queryid`,
  );
  const { commits = 0, xid = "0", wal = 0 } = rows[0] ?? {};
  const byId = statements.rows.map(({ id, ...counts }) => [id, counts] as const);
  return { at: performance.now(), commits, xid: Number(xid), wal, statements: new Map(byId) };
}

const timeOf = (statement: Statement) => statement.plan_ms_per_order + statement.ms_per_order;

const cpuPerOrder = (before: CpuOf | null, after: CpuOf | null, orders: number): CpuOf | null =>
  before && after
    ? {
        service: (after.service - before.service) / orders,
        provider: (after.provider - before.provider) / orders,
        postgresql: (after.postgresql - before.postgresql) / orders,
        client: (after.client - before.client) / orders,
      }
    : null;

function compute(start: Counters, idle: Counters, end: Counters, orders: number): Omit<Cost, "cpu_ms"> {
  const share = (end.at - idle.at) / (idle.at - start.at);
  const per = (s: number, i: number, e: number) => (e - i - share * (i - s)) / orders;
  const list = [...end.statements].map(([id, { query, calls, plan_ms, ms }]): Statement => {
    const before = start.statements.get(id);
    const between = idle.statements.get(id);
    return {
      query: query.replaceAll(/\s+/g, " ").trim(),
      calls_per_order: per(before?.calls ?? 0, between?.calls ?? 0, calls),
      plan_ms_per_order: per(before?.plan_ms ?? 0, between?.plan_ms ?? 0, plan_ms),
      ms_per_order: per(before?.ms ?? 0, between?.ms ?? 0, ms),
    };
  });
  const busy = list.filter(({ calls_per_order }) => calls_per_order > 0.05);
  const control = /^(begin|commit|rollback|savepoint|release|start transaction)/i;
  return {
    commits: per(start.commits, idle.commits, end.commits),
    write_transactions: per(start.xid, idle.xid, end.xid),
    wal_bytes: per(start.wal, idle.wal, end.wal),
    statements: busy
      .filter(({ query }) => !control.test(query))
      .reduce((sum, { calls_per_order }) => sum + calls_per_order, 0),
    list: busy.sort((a, b) => timeOf(b) - timeOf(a)),
  };
}

export function costRows(cost: Cost): Row[] {
  const row = (id: string, what: string, value: number, detail?: Row["detail"]): Row => ({
    ...{ id, what, unit: id.startsWith("cpu") ? "ms/order" : "/order", value, values: [value] },
    ...(detail ? { detail } : {}),
  });
  const control = cost.list.reduce((sum, { calls_per_order }) => sum + calls_per_order, 0) - cost.statements;
  return [
    row("commits_per_order", "transactions of a payment-only order, reading ones included", cost.commits),
    row("write_transactions_per_order", "transactions of it that write", cost.write_transactions),
    row("statements_per_order", "statements of it, without begin and commit", cost.statements, {
      begin_commit: round(control),
      planning_ms: round(cost.list.reduce((sum, { plan_ms_per_order }) => sum + plan_ms_per_order, 0)),
      execution_ms: round(cost.list.reduce((sum, { ms_per_order }) => sum + ms_per_order, 0)),
    }),
    row("wal_bytes_per_order", "bytes of write-ahead log of it", cost.wal_bytes),
    ...Object.entries(cost.cpu_ms ?? {}).map(([part, ms]) =>
      row(`cpu_${part}_per_order`, `processor time of it: ${part}`, ms),
    ),
  ];
}
