/**
 * The payment-only order on Vercel's Workflow SDK with its Postgres world (https://useworkflow.dev/docs/deploying/world/postgres-world):
 * Koa takes requests and webhooks, and calls what `workflow build` made of `workflows/order.js`. Plain JavaScript, since its
 * packages are installed on demand and nobody else needs their types.
 *
 *   WORKFLOW_TARGET_WORLD, WORKFLOW_POSTGRES_URL, BENCH_PROVIDER_URL, BENCH_PROVIDER_KEY, BENCH_SECRET
 */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createRequire } from "node:module";
import process from "node:process";
import Router from "@koa/router";
import Koa from "koa";
import getRawBody from "raw-body";
import { getRun, resumeHook, start } from "workflow/api";
import { getWorld } from "workflow/runtime";
import { verifySignature } from "../../../../src/payments/stripe/signature.ts";

const require = createRequire(import.meta.url);
const orderWorkflow = { workflowId: "workflow//./workflows/order//orderWorkflow" };

/** Requests that wait for their session, which a step of this process opens. */
globalThis.opened = new EventEmitter().setMaxListeners(0);
const runs = new Map();

async function create(ctx) {
  const order = JSON.parse(await getRawBody(ctx.req, { encoding: "utf8", limit: "1mb" }));
  const id = `wrk_${randomUUID()}`;
  const session = once(globalThis.opened, id);
  const { runId } = await start(orderWorkflow, [id, order]);
  runs.set(id, runId);
  ctx.status = 201;
  ctx.body = { id, status: "awaiting_payment", payment: { session_id: (await session)[0] } };
}

async function webhook(ctx) {
  const body = await getRawBody(ctx.req, { limit: 512 * 1024 });
  const verdict = verifySignature(body, ctx.get("stripe-signature"), [process.env.BENCH_SECRET], new Date());
  ctx.status = verdict.valid ? 204 : 400;
  if (!verdict.valid) return;
  const { type, data } = JSON.parse(body.toString("utf8"));
  const order = data.object.metadata?.order_id;
  if (type === "payment_intent.succeeded" && order)
    await resumeHook(`paid:${order}`, { payment: data.object.id });
}

async function read(ctx) {
  const run = getRun(runs.get(ctx.params.id));
  ctx.body = { id: ctx.params.id, status: await run.status };
}

/** The routes on which its queue calls a workflow and a step; they speak the web's Request and Response. */
const built = (name) => {
  const { POST } = require(`./node_modules/.well-known/workflow/v1/${name}.js`);
  return async (ctx) => {
    const body = await getRawBody(ctx.req);
    const answer = await POST(
      new globalThis.Request(ctx.href, { method: "POST", headers: ctx.headers, body }),
    );
    ctx.status = answer.status;
    ctx.set(Object.fromEntries(answer.headers));
    ctx.body = Buffer.from(await answer.arrayBuffer());
  };
};

const app = new Koa();
const router = new Router();
router.post("/v1/orders", create);
router.get("/v1/orders/:id", read);
router.post("/webhooks/stripe", webhook);
router.post("/.well-known/workflow/v1/flow", built("flow"));
router.post("/.well-known/workflow/v1/step", built("step"));
app.use(router.routes());
const server = app.listen(0, "127.0.0.1", async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  process.env.WORKFLOW_LOCAL_BASE_URL = url;
  const world = await getWorld();
  await world.start?.();
  process.stdout.write(`ready ${url}\n`);
});
process.on("SIGTERM", () => process.exit(0));
