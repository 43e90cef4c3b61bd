import { mkdtemp, rm } from "node:fs/promises";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DBOS } from "@dbos-inc/dbos-sdk";
import Router from "@koa/router";
import Koa from "koa";
import pg from "pg";
import { loadKeys } from "../../src/audit/checkpoint-key.ts";
import { createTrailFeed } from "../../src/audit/feed.ts";
import { makeCheckpoints } from "../../src/audit/make-checkpoint.ts";
import { verifyStored } from "../../src/audit/verify-stored.ts";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { appendToChain, GENESIS, type ChainHead } from "../../src/domain/audit-chain.ts";
import { auditRoutes } from "../../src/http/audit.ts";
import { newId } from "../../src/ids.ts";
import { createLog } from "../../src/log.ts";
import { median, percentile, round } from "./figures.ts";
import { machine } from "./machine.ts";

// How an order's trail behaves when it is long and when many follow it, and what a checkpoint costs when there are many orders:
// npx tsx scripts/bench/audit.ts --entries 1000000 --orders 1000000

const log = createLog("warn");
const BATCH = 5_000;

/** What the audit routes need, on a database of its own, with every statement counted. */
async function openStage(folder: string) {
  const embedded = await startEmbeddedPostgres({ dataDir: folder, log });
  await migrate(embedded.url);
  await DBOS.migrate(embedded.url);
  const pool = createPool({ url: embedded.url, max: 10 });
  // Laying out a million rows takes longer than the service lets a statement take.
  const layOut = new pg.Client({ connectionString: embedded.url });
  await layOut.connect();
  const counts = { reads: 0 };
  const db = {
    query: ((...args: Parameters<Pool["query"]>) => {
      counts.reads++;
      return pool.query(...args);
    }) as Pool["query"],
  };
  const listeners = new Map<string, Set<() => void>>();
  const feed = createTrailFeed({
    db,
    log,
    onChanged(id, callback) {
      const set = listeners.get(id) ?? new Set();
      listeners.set(id, set.add(callback));
      return () => set.delete(callback);
    },
  });
  const app = new Koa();
  // Followers that go say nothing of interest.
  app.silent = true;
  const api = new Router({ prefix: "/v1" });
  api.use(async (ctx, next) => {
    ctx.state["principal"] = { tenant: "dev", role: "admin", user: "dev@example.com" };
    ctx.state["requestId"] = "req_bench";
    await next();
  });
  api.use(
    auditRoutes({
      ...{ pool, feed, log },
      restore: () => Promise.resolve(),
      authenticate: () => ({ tenant: "dev", role: "admin", user: "dev@example.com" }),
    }).routes(),
  );
  app.use(api.routes());
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    pool,
    layOut,
    counts,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    changed: (id: string) => listeners.get(id)?.forEach((callback) => callback()),
    async close() {
      feed.close();
      server.closeAllConnections();
      server.close();
      await Promise.all([pool.end(), layOut.end()]);
      await embedded.stop();
    },
  };
}

type Stage = Awaited<ReturnType<typeof openStage>>;

async function newOrder(pool: Pool): Promise<string> {
  const id = newId("ord");
  await pool.query(
    `insert into countersign.orders (id, tenant, reference, status, amount, currency, state, created_at, updated_at)
     values ($1, 'dev', 'PO-1', 'created', 100, 'usd', '{}', now(), now())`,
    [id],
  );
  await pool.query(
    "insert into dbos.workflow_status (workflow_uuid, status, name) values ($1, 'PENDING', 'order')",
    [id],
  );
  return id;
}

/** As one transition writes them, only more at a time. */
async function append(pool: Pool, id: string, head: ChainHead, count: number): Promise<ChainHead> {
  const drafts = Array.from({ length: count }, (_, i) => ({
    type: i % 5 === 0 ? "note" : "mail.sent",
    actor: { type: "system" as const, id: "countersign" },
    data: { approval_id: "apr_1", to: "finance@example.com", mail: "reminder", number: head.entries + i },
  }));
  const now = new Date();
  const chain = appendToChain(id, head, drafts, now);
  const next = { entries: head.entries + count, head_hash: chain.at(-1)?.hash ?? head.head_hash };
  await pool.query(
    `with entry as (
       select * from json_to_recordset($1) as e(seq int, id text, type text, value text)
     ), streamed as (
       insert into dbos.streams (workflow_uuid, key, value, "offset", function_id, serialization)
       select $2, 'audit', value, seq, 1, 'portable_json' from entry
     ), indexed as (
       insert into countersign.audit_index
              (order_id, seq, id, tenant, at, type, actor_type, actor_id, workflow_id, stream_offset)
       select $2, seq, id, 'dev', $3, type, 'system', 'countersign', $2, seq from entry
     )
     update countersign.orders set entries = $4, head_hash = $5 where id = $2`,
    [
      JSON.stringify(
        chain.map((entry) => ({
          seq: entry.seq,
          id: entry.id,
          type: entry.type,
          value: JSON.stringify(entry),
        })),
      ),
      id,
      now.toISOString(),
      next.entries,
      next.head_hash,
    ],
  );
  return next;
}

async function timed<T>(work: () => Promise<T>): Promise<[ms: number, result: T]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}

/** Reads pages at both ends in turn, so that what else the machine does falls on both. */
async function pages({ url }: Stage, id: string, entries: number) {
  const near: number[] = [];
  const far: number[] = [];
  const read = async (after: number): Promise<number> => {
    const path = `${url}/v1/orders/${id}/audit?limit=100&after_seq=${after}`;
    const [ms] = await timed(async () => (await fetch(path)).text());
    return ms;
  };
  for (let n = 0; n < 420; n++) {
    const [a, b] = [await read(n % 100), await read(entries - 101 - (n % 100))];
    // The first are of a cold cache.
    if (n >= 20) {
      near.push(a);
      far.push(b);
    }
  }
  const of = (values: number[]) => ({
    median_ms: round(median(values)),
    p95_ms: round(percentile(values, 0.95)),
  });
  return { near: of(near), far: of(far), p95_ratio: round(percentile(far, 0.95) / percentile(near, 0.95)) };
}

/** Streams an export and throws it away; memory is this process's, which serves it and reads it. */
async function exported({ url }: Stage, path: string) {
  const megabytes = () => process.memoryUsage().rss / 2 ** 20;
  const samples: number[] = [];
  let bytes = 0;
  globalThis.gc?.();
  const before = megabytes();
  const timer = setInterval(() => samples.push(megabytes()), 100);
  const [ms] = await timed(async () => {
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      get(url + path, resolve).once("error", reject),
    );
    for await (const chunk of response) bytes += (chunk as Buffer).length;
  });
  clearInterval(timer);
  const half = Math.floor(samples.length / 2);
  return {
    path,
    seconds: round(ms / 1000),
    megabytes: round(bytes / 2 ** 20),
    rss_before_mb: round(before),
    rss_most_mb: {
      first_half: round(Math.max(...samples.slice(0, half))),
      second_half: round(Math.max(...samples.slice(half))),
    },
  };
}

/** Followers over HTTP, all of one order, each told of every new entry. */
async function followed(stage: Stage, id: string, head: ChainHead, count: number, news: number) {
  let seen = 0;
  const requests = Array.from({ length: count }, () =>
    get(`${stage.url}/v1/orders/${id}/audit/stream?after_seq=${head.entries - 1}`, (response) => {
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (seen += chunk.split("event: audit").length - 1));
      response.on("error", () => {});
    }).on("error", () => {}),
  );
  await sleep(3_000);
  const before = stage.counts.reads;
  const delays: number[] = [];
  let at = head;
  for (let n = 1; n <= news; n++) {
    const start = performance.now();
    at = await append(stage.pool, id, at, 1);
    stage.changed(id);
    while (seen < n * count && performance.now() - start < 30_000) await sleep(2);
    delays.push(performance.now() - start);
  }
  const reads = stage.counts.reads - before;
  for (const request of requests) request.destroy();
  return {
    followers: count,
    new_entries: news,
    delivered: seen,
    reads,
    until_all_have_it_ms: { median: round(median(delays)), p95: round(percentile(delays, 0.95)) },
  };
}

/** One checkpoint of everything, and one of an hour in which a thousand orders were written to. */
async function checkpoints({ pool, layOut }: Stage, folder: string, orders: number) {
  await layOut.query(
    `insert into countersign.orders (id, tenant, reference, status, amount, currency, state, entries, head_hash, created_at, updated_at)
     select 'ord_' || lpad(n::text, 26, '0'), 'dev', 'PO-' || n, 'completed', 100, 'usd', '{}', 1,
            encode(sha256(n::text::bytea), 'hex'), now() - interval '1 day', now() - interval '1 day'
       from generate_series(1, $1::int) n`,
    [orders],
  );
  await layOut.query(
    `insert into countersign.audit_index
            (order_id, seq, id, tenant, at, type, actor_type, actor_id, workflow_id, stream_offset)
     select o.id, 0, 'aud_' || substr(o.id, 5), 'dev', o.created_at, 'order.created', 'api', 'x', o.id, 0
       from countersign.orders o where o.reference <> 'PO-1' or o.status = 'completed'`,
  );
  await layOut.query("vacuum analyze countersign.audit_index");
  await layOut.query("vacuum analyze countersign.orders");
  const keys = await loadKeys(null, folder);
  const [all_ms, all] = await timed(() => makeCheckpoints({ pool, keys }));
  const changed = Math.min(1_000, orders);
  await layOut.query(
    `with touched as (
       update countersign.orders set entries = 2 where reference = any(select 'PO-' || n from generate_series(2, $1::int) n)
       returning id)
     insert into countersign.audit_index
            (order_id, seq, id, tenant, at, type, actor_type, actor_id, workflow_id, stream_offset)
     select id, 1, 'aud_1' || substr(id, 6), 'dev', now(), 'note', 'api', 'x', id, 1 from touched`,
    [changed + 1],
  );
  const [hour_ms, hour] = await timed(() => makeCheckpoints({ pool, keys }));
  const [sweep_ms] = await timed(() => makeCheckpoints({ pool, keys }, { sweep: true }));
  return {
    orders,
    first: { seconds: round(all_ms / 1000), checkpoints: all.length },
    hour: { changed: hour[0]?.size ?? 0, ms: round(hour_ms) },
    nightly_sweep: { seconds: round(sweep_ms / 1000) },
  };
}

const { values } = parseArgs({
  options: {
    entries: { type: "string", default: "100000" },
    orders: { type: "string", default: "100000" },
    followers: { type: "string", default: "1000" },
  },
});
const [entries, orders, followers] = [
  Number(values.entries),
  Number(values.orders),
  Number(values.followers),
];
const folder = await mkdtemp(join(tmpdir(), "countersign-bench-audit-"));
const say = (name: string, value: unknown) => console.log(`${name.padEnd(12)} ${JSON.stringify(value)}`);
const stage = await openStage(folder);
try {
  say("machine", await machine(stage.pool));
  const id = await newOrder(stage.pool);
  let head: ChainHead = { entries: 0, head_hash: GENESIS };
  const [ms] = await timed(async () => {
    while (head.entries < entries)
      head = await append(stage.pool, id, head, Math.min(BATCH, entries - head.entries));
  });
  say("written", { entries, seconds: round(ms / 1000) });
  await stage.layOut.query("vacuum analyze countersign.audit_index");
  await stage.layOut.query("vacuum analyze dbos.streams");
  say("pages", await pages(stage, id, entries));
  for (const path of [
    `/v1/orders/${id}/audit?format=ndjson`,
    `/v1/orders/${id}/audit?format=csv`,
    "/v1/audit?format=ndjson",
  ])
    say("export", await exported(stage, path));
  say("followers", await followed(stage, id, head, followers, 50));
  const [verify_ms, verdict] = await timed(() => verifyStored(stage.pool, "dev", id));
  say("verified", { valid: verdict?.valid, entries: verdict?.entries, seconds: round(verify_ms / 1000) });
  say("checkpoints", await checkpoints(stage, folder, orders));
} finally {
  await stage.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
