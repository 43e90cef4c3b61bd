/**
 * The payment-only order on Graphile Worker (https://worker.graphile.org/docs): tables by hand, and a job for everything that has
 * to happen. A job is added in the transaction that makes it necessary, so neither is there without the other. Plain JavaScript,
 * since its packages are installed on demand and nobody else needs their types.
 *
 *   BENCH_DATABASE_URL, BENCH_PROVIDER_URL, BENCH_PROVIDER_KEY, BENCH_SECRET
 */
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import process from "node:process";
import Router from "@koa/router";
import Koa from "koa";
import getRawBody from "raw-body";
import { Logger, run } from "graphile-worker";
import { createPool, inTransaction } from "../../../../src/db/pool.ts";
import { verifySignature } from "../../../../src/payments/stripe/signature.ts";
import { createCheckout } from "../checkout.ts";

const { BENCH_DATABASE_URL, BENCH_PROVIDER_URL, BENCH_PROVIDER_KEY, BENCH_SECRET } = process.env;
const openCheckout = createCheckout(BENCH_PROVIDER_URL, BENCH_PROVIDER_KEY);
const pool = createPool({ url: BENCH_DATABASE_URL, max: 10, applicationName: "bench-graphile-worker" });
await pool.query(`
  create schema if not exists bench;
  create table if not exists bench.worker_orders (
    id text primary key, key text not null unique, status text not null, body jsonb not null, session_id text, payment_id text,
    created_at timestamptz not null default clock_timestamp(), completed_at timestamptz);
  create index if not exists worker_orders_status on bench.worker_orders (status, created_at);
  create table if not exists bench.worker_inbox (event_id text primary key, type text not null, body bytea not null)`);

const named = (name, text, values) => ({ name, text, values });
const addJob = (tx, task, payload) =>
  tx.query(named("job", "select graphile_worker.add_job($1, $2::json)", [task, JSON.stringify(payload)]));

/** Requests of this process that wait for their session. */
const opened = new EventEmitter().setMaxListeners(0);

/** Each may run again after a failure or a death: the provider knows the key, and an update finds its status or nothing. */
const tasks = {
  open_checkout: async ({ id }) => {
    const { rows } = await pool.query(
      named("read", "select body from bench.worker_orders where id = $1", [id]),
    );
    const session = await openCheckout(id, rows[0].body);
    const open = `update bench.worker_orders set status = 'awaiting_payment', session_id = $2 where id = $1 and status = 'created'`;
    await pool.query(named("open", open, [id, session]));
    opened.emit(id, session);
  },
  mark_paid: async ({ id, payment }) => {
    await inTransaction(pool, async (tx) => {
      const paid = `update bench.worker_orders set status = 'paid', payment_id = $2 where id = $1 and status = 'awaiting_payment'`;
      const { rowCount } = await tx.query(named("paid", paid, [id, payment]));
      if (rowCount === 1) await addJob(tx, "complete", { id });
    });
  },
  complete: async ({ id }) => {
    const complete = `update bench.worker_orders set status = 'completed', completed_at = clock_timestamp() where id = $1 and status = 'paid'`;
    await pool.query(named("complete", complete, [id]));
  },
};

async function create(ctx) {
  const body = await getRawBody(ctx.req, { encoding: "utf8", limit: "1mb" });
  const id = `job_${randomUUID()}`;
  const session = once(opened, id);
  await inTransaction(pool, async (tx) => {
    const add = "insert into bench.worker_orders (id, key, status, body) values ($1, $2, 'created', $3)";
    await tx.query(named("create", add, [id, ctx.get("idempotency-key"), body]));
    await addJob(tx, "open_checkout", { id });
  });
  ctx.status = 201;
  ctx.body = { id, status: "awaiting_payment", payment: { session_id: (await session)[0] } };
}

async function webhook(ctx) {
  const body = await getRawBody(ctx.req, { limit: 512 * 1024 });
  const verdict = verifySignature(body, ctx.get("stripe-signature"), [BENCH_SECRET], new Date());
  ctx.status = verdict.valid ? 204 : 400;
  if (!verdict.valid) return;
  const { id, type, data } = JSON.parse(body.toString("utf8"));
  const order = data.object.metadata?.order_id;
  await inTransaction(pool, async (tx) => {
    const store = "insert into bench.worker_inbox values ($1, $2, $3) on conflict do nothing";
    const { rowCount } = await tx.query(named("inbox", store, [id, type, body]));
    if (rowCount === 1 && type === "payment_intent.succeeded" && order)
      await addJob(tx, "mark_paid", { id: order, payment: data.object.id });
  });
}

async function read(ctx) {
  const state = "select id, status, session_id, payment_id from bench.worker_orders where id = $1";
  ctx.body = (await pool.query(named("state", state, [ctx.params.id]))).rows[0];
}

// It listens, so that a job begins at once; as many at a time as the pool has connections.
await run({ pgPool: pool, concurrency: 10, taskList: tasks, logger: new Logger(() => () => {}) });
const app = new Koa();
const router = new Router();
router.post("/v1/orders", create);
router.get("/v1/orders/:id", read);
router.post("/webhooks/stripe", webhook);
app.use(router.routes());
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`ready http://127.0.0.1:${server.address().port}\n`);
});
process.on("SIGTERM", () => process.exit(0));
