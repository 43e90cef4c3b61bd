/**
 * The yardstick: the payment-only order as a state machine written by hand on bare `pg`, in four transactions. It takes the
 * same requests, opens the same sessions at the same mock provider and hears the same webhooks. It has no audit chain, no
 * events, no approvals, no recovery: what is missing is what the comparison is about.
 *
 *   BENCH_DATABASE_URL, BENCH_PROVIDER_URL, BENCH_SECRET
 */
import { createHash, randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import Router from "@koa/router";
import Koa from "koa";
import getRawBody from "raw-body";
import Stripe from "stripe";
import { z } from "zod";
import { createPool, inTransaction, type Tx } from "../../src/db/pool.ts";
import { verifySignature } from "../../src/payments/stripe/signature.ts";

const env = z
  .object({ BENCH_DATABASE_URL: z.string(), BENCH_PROVIDER_URL: z.string(), BENCH_SECRET: z.string() })
  .parse(process.env);

const pool = createPool({
  url: env.BENCH_DATABASE_URL,
  max: 10,
  applicationName: "countersign-bench-handwritten",
});
await pool.query(`
  create schema if not exists bench;
  create table if not exists bench.hand_orders (
    id text primary key, status text not null, body jsonb not null, session_id text, payment_id text,
    created_at timestamptz not null default clock_timestamp(), completed_at timestamptz);
  create index if not exists hand_orders_status on bench.hand_orders (status, created_at);
  create table if not exists bench.hand_keys (key text primary key, request_hash text not null, order_id text not null);
  create table if not exists bench.hand_inbox (event_id text primary key, type text not null, body bytea not null);
  create table if not exists bench.hand_trail (order_id text, seq int, at timestamptz default now(), type text, primary key (order_id, seq))`);

const provider = new URL(env.BENCH_PROVIDER_URL);
const stripe = new Stripe("sk_test_handwritten", {
  host: provider.hostname,
  port: provider.port,
  protocol: "http",
  maxNetworkRetries: 0,
  telemetry: false,
});

const named = (name: string, text: string, values: unknown[]) => ({ name, text, values });

const addTrail = (tx: Tx, id: string, seq: number, type: string) =>
  tx.query(
    named("trail", "insert into bench.hand_trail (order_id, seq, type) values ($1, $2, $3)", [id, seq, type]),
  );

const orderShape = z.object({ reference: z.string(), amount: z.int(), currency: z.string() });

async function create(ctx: Koa.Context): Promise<void> {
  const text = await getRawBody(ctx.req, { encoding: "utf8", limit: "1mb" });
  const order = orderShape.parse(JSON.parse(text));
  const id = `hand_${randomUUID()}`;
  const hash = createHash("sha256").update(text).digest("hex");
  const key = ctx.get("idempotency-key");
  await inTransaction(pool, async (tx) => {
    await tx.query(named("key", "insert into bench.hand_keys values ($1, $2, $3)", [key, hash, id]));
    await tx.query(
      named("create", "insert into bench.hand_orders (id, status, body) values ($1, 'created', $2)", [
        id,
        text,
      ]),
    );
    await addTrail(tx, id, 0, "order.created");
  });
  const session = await stripe.checkout.sessions.create(
    {
      mode: "payment",
      client_reference_id: id,
      line_items: [
        {
          quantity: 1,
          price_data: {
            currency: order.currency,
            unit_amount: order.amount,
            product_data: { name: order.reference },
          },
        },
      ],
      metadata: { order_id: id },
      payment_intent_data: { capture_method: "automatic", metadata: { order_id: id } },
      success_url: "https://shop.example.com/paid",
    },
    { idempotencyKey: `${id}:open` },
  );
  await inTransaction(pool, async (tx) => {
    await tx.query(
      named(
        "open",
        "update bench.hand_orders set status = 'awaiting_payment', session_id = $2 where id = $1 and status = 'created'",
        [id, session.id],
      ),
    );
    await addTrail(tx, id, 1, "checkout.opened");
  });
  ctx.status = 201;
  ctx.body = { id, status: "awaiting_payment", payment: { session_id: session.id } };
}

const eventShape = z.looseObject({
  id: z.string(),
  type: z.string(),
  data: z.looseObject({
    object: z.looseObject({ id: z.string(), metadata: z.record(z.string(), z.string()).nullish() }),
  }),
});

async function webhook(ctx: Koa.Context): Promise<void> {
  const body = await getRawBody(ctx.req, { limit: 512 * 1024 });
  const verdict = verifySignature(body, ctx.get("stripe-signature"), [env.BENCH_SECRET], new Date());
  ctx.status = verdict.valid ? 204 : 400;
  if (!verdict.valid) return;
  const { id, type, data } = eventShape.parse(JSON.parse(body.toString("utf8")));
  const order = data.object.metadata?.["order_id"];
  await inTransaction(pool, async (tx) => {
    const { rowCount } = await tx.query(
      named("inbox", "insert into bench.hand_inbox values ($1, $2, $3) on conflict do nothing", [
        id,
        type,
        body,
      ]),
    );
    if (rowCount !== 1 || type !== "payment_intent.succeeded" || !order) return;
    const paid = await tx.query(
      named(
        "paid",
        "update bench.hand_orders set status = 'paid', payment_id = $2 where id = $1 and status = 'awaiting_payment'",
        [order, data.object.id],
      ),
    );
    if (paid.rowCount === 1) await addTrail(tx, order, 2, "payment.captured");
  });
  if (type === "payment_intent.succeeded" && order) await complete(order);
}

const complete = (order: string) =>
  inTransaction(pool, async (tx) => {
    const { rowCount } = await tx.query(
      named(
        "complete",
        `update bench.hand_orders set status = 'completed', completed_at = clock_timestamp()
          where id = $1 and status = 'paid'`,
        [order],
      ),
    );
    if (rowCount === 1) await addTrail(tx, order, 3, "order.completed");
  });

const app = new Koa();
const router = new Router();
router.post("/v1/orders", create);
router.post("/webhooks/stripe", webhook);
app.use(router.routes());
const server = app.listen(0, "127.0.0.1", () => {
  console.log(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on("SIGTERM", () => process.exit(0));
