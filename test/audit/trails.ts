import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Router from "@koa/router";
import Koa from "koa";
import { createTrailFeed, type FeedOptions, type TrailFeed } from "../../src/audit/feed.ts";
import { createPool, inTransaction, type Pool, type Queryable } from "../../src/db/pool.ts";
import { appendToChain, GENESIS, type ChainHead } from "../../src/domain/audit-chain.ts";
import type { AuditDraft, AuditEntry } from "../../src/domain/audit-entry.ts";
import { auditRoutes } from "../../src/http/audit.ts";
import { auditSocket } from "../../src/http/audit-socket.ts";
import { authenticated, type Authenticate } from "../../src/http/auth.ts";
import { problems } from "../../src/http/problems.ts";
import { newId } from "../../src/ids.ts";
import { createLog } from "../../src/log.ts";
import { createDatabase } from "../helpers/database.ts";

const log = createLog("silent");

/** Trails on a database of their own, written as the service writes them. */
export interface Trails {
  pool: Pool;
  newOrder(tenant?: string): Promise<string>;
  /** Appends entries in one transaction; `close` ends the segment, and an entry after that begins the next. */
  append(
    orderId: string,
    drafts: AuditDraft[],
    options?: { close?: boolean; at?: Date; silent?: boolean },
  ): Promise<AuditEntry[]>;
  onChanged(orderId: string, callback: () => void): () => void;
  feed(options?: Partial<FeedOptions>): TrailFeed;
  end(): Promise<void>;
}

export const draft = (n: number, type = "note", actor: Partial<AuditDraft["actor"]> = {}): AuditDraft => ({
  type,
  actor: { type: "api", id: "sam@example.com", ...actor },
  data: { text: `entry ${n}`, n },
});

export const drafts = (count: number, from = 0): AuditDraft[] =>
  Array.from({ length: count }, (_, i) => draft(from + i));

/** A chain as it would be written, in memory. */
export const chainOf = (entries: AuditDraft[], orderId = "ord_test"): AuditEntry[] =>
  appendToChain(orderId, { entries: 0, head_hash: GENESIS }, entries, new Date("2026-01-02T03:04:05.678Z"));

export async function openTrails(): Promise<Trails> {
  const database = await createDatabase();
  const pool = createPool({ url: database.url, max: 10 });
  const listeners = new Map<string, Set<() => void>>();
  const feeds: TrailFeed[] = [];
  const onChanged: Trails["onChanged"] = (id, callback) => {
    const set = listeners.get(id) ?? new Set();
    listeners.set(id, set.add(callback));
    return () => set.delete(callback);
  };
  return {
    pool,
    onChanged,
    async newOrder(tenant = "dev") {
      const id = newId("ord");
      await pool.query(
        `insert into countersign.orders (id, tenant, reference, status, amount, currency, state, created_at, updated_at)
         values ($1, $2, 'PO-1', 'created', 100, 'usd', '{}', now(), now())`,
        [id, tenant],
      );
      return id;
    },
    async append(orderId, entries, { close = false, at = new Date(), silent = false } = {}) {
      const chain = await inTransaction(pool, (tx) => write(tx, orderId, entries, close, at));
      if (!silent) for (const callback of listeners.get(orderId) ?? []) callback();
      return chain;
    },
    feed(options = {}) {
      const feed = createTrailFeed({ db: pool, onChanged, log, ...options });
      feeds.push(feed);
      return feed;
    },
    async end() {
      for (const feed of feeds) feed.close();
      await pool.end();
      await database.drop();
    },
  };
}

interface Row extends ChainHead {
  tenant: string;
  segment: number;
  segment_open: boolean;
  segment_base: number;
}

/** The same rows as one transition of the workflow writes. */
async function write(
  tx: Queryable,
  orderId: string,
  entries: AuditDraft[],
  close: boolean,
  now: Date,
): Promise<AuditEntry[]> {
  const { rows } = await tx.query<Row>(
    `select tenant, segment, segment_open, segment_base, entries, head_hash from countersign.orders where id = $1 for update`,
    [orderId],
  );
  const row = rows[0]!;
  const segment = row.segment_open ? row.segment : row.segment + 1;
  const base = row.segment_open ? row.segment_base : row.entries;
  const workflow = segment === 0 ? orderId : `${orderId}:${segment}`;
  await tx.query(
    `insert into dbos.workflow_status (workflow_uuid, status, name) values ($1, 'PENDING', 'order') on conflict do nothing`,
    [workflow],
  );
  const chain = appendToChain(orderId, row, entries, now);
  const length = row.entries + chain.length;
  await tx.query(
    `with entry as (
       select * from json_to_recordset($1)
           as e(seq int, id text, type text, actor_type text, actor_id text, stream_offset int, value text)
     ), streamed as (
       insert into dbos.streams (workflow_uuid, key, value, "offset", function_id, serialization)
       select $2, 'audit', value, stream_offset, 1, 'portable_json' from entry
       union all
       select $2, 'audit', '"__DBOS_STREAM_CLOSED__"', $6::int, 1, 'portable_json' where $7
     )
     insert into countersign.audit_index
            (order_id, seq, id, tenant, at, type, actor_type, actor_id, workflow_id, stream_offset)
     select $3, seq, id, $4, $5, type, actor_type, actor_id, $2, stream_offset from entry`,
    [
      JSON.stringify(
        chain.map((e) => ({
          seq: e.seq,
          id: e.id,
          type: e.type,
          actor_type: e.actor.type,
          actor_id: e.actor.id,
          stream_offset: e.seq - base,
          value: JSON.stringify(e),
        })),
      ),
      workflow,
      orderId,
      row.tenant,
      now.toISOString(),
      length - base,
      close,
    ],
  );
  await tx.query(
    `update countersign.orders set entries = $2, head_hash = $3, segment = $4, segment_base = $5, segment_open = not $6
      where id = $1`,
    [orderId, length, chain.at(-1)?.hash ?? row.head_hash, segment, base, close],
  );
  return chain;
}

export interface TestServer {
  url: string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Breaks every open connection. */
  disconnectAll(): void;
  stop(): Promise<void>;
}

/** The audit routes over HTTP; the API key is the tenant's name. */
export async function serveTrails(trails: Trails, feed = trails.feed()): Promise<TestServer> {
  const authenticate: Authenticate = (request) => {
    const [, tenant] = /^Bearer (\w+)$/.exec(request.headers.authorization ?? "") ?? [];
    return tenant === undefined ? null : { tenant, role: "viewer", user: `${tenant}@example.com` };
  };
  const app = new Koa();
  app.silent = true;
  app.use(async (ctx, next) => {
    ctx.state["requestId"] = "req_test";
    await next();
  });
  app.use(problems(log));
  // Nothing is archived here.
  const restore = () => Promise.resolve();
  const api = new Router({ prefix: "/v1" });
  api.use(authenticated(authenticate));
  api.use(auditRoutes({ pool: trails.pool, feed, restore, authenticate, log }).routes());
  app.use(api.routes());
  const handle = app.callback();
  const server: Server = createServer((request, response) => void handle(request, response));
  const upgrade = auditSocket({ pool: trails.pool, feed, restore, authenticate, log });
  server.on("upgrade", (request, socket, head) => {
    if (!upgrade(request, socket, head)) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    get: (path, headers = {}) =>
      fetch(url + path, { headers: { authorization: "Bearer dev", connection: "close", ...headers } }),
    disconnectAll: () => server.closeAllConnections(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const json = async <T>(response: Response): Promise<T> => (await response.json()) as T;
