/**
 * The payment-only order on Restate (https://docs.restate.dev/tour/workflows): a service takes requests, one takes webhooks, and a
 * workflow waits for the payment. All of them are called through Restate's own ingress, which takes the same requests as the
 * service: `POST /v1/orders` is the handler `orders` of the service `v1`. Plain JavaScript, since its packages are installed on
 * demand and nobody else needs their types.
 *
 *   BENCH_PROVIDER_URL, BENCH_PROVIDER_KEY, BENCH_SECRET
 */
import { Buffer } from "node:buffer";
import { createServer } from "node:http2";
import process from "node:process";
import "./with-resolvers.js";
import * as restate from "@restatedev/restate-sdk";
import { verifySignature } from "../../../../src/payments/stripe/signature.ts";
import { createCheckout } from "../checkout.ts";
import { startTally } from "../tally.ts";

const { BENCH_PROVIDER_URL, BENCH_PROVIDER_KEY, BENCH_SECRET } = process.env;
const openCheckout = createCheckout(BENCH_PROVIDER_URL, BENCH_PROVIDER_KEY);
const tally = await startTally();

const order = restate.workflow({
  name: "order",
  handlers: {
    run: async (ctx, { createdAt, session }) => {
      ctx.set("order", { status: "awaiting_payment", payment: { session_id: session } });
      const payment = await ctx.promise("paid");
      ctx.set("order", { status: "paid", payment: { id: payment } });
      ctx.set("order", { status: "completed", payment: { id: payment } });
      tally.done(createdAt);
      return "completed";
    },
    paid: restate.handlers.workflow.shared(async (ctx, payment) => ctx.promise("paid").resolve(payment)),
    read: restate.handlers.workflow.shared(async (ctx) => ctx.get("order")),
  },
});

/** The request's `idempotency-key` is Restate's own. The step is journaled, so the session is opened once. */
const api = restate.service({
  name: "v1",
  handlers: {
    orders: async (ctx, body) => {
      const id = ctx.rand.uuidv4();
      const opened = await ctx.run("open checkout", async () => {
        const createdAt = Date.now();
        return { createdAt, session: await openCheckout(id, body) };
      });
      ctx.workflowSendClient(order, id).run(opened);
      return { id, status: "awaiting_payment", payment: { session_id: opened.session } };
    },
  },
});

/** As the documentation has it for webhooks: the provider calls the ingress, which has stored the call before it runs. */
const webhooks = restate.service({
  name: "webhooks",
  handlers: {
    stripe: restate.handlers.handler({ accept: "*/*", input: restate.serde.binary }, async (ctx, body) => {
      const header = ctx.request().headers.get("stripe-signature");
      // A handler may be run again later, with the same outcome: a signature is as old as the call, not as the run.
      const signedAt = new Date(Number(/t=(\d+)/.exec(header ?? "")?.[1]) * 1000);
      const verdict = verifySignature(body, header, [BENCH_SECRET], signedAt);
      if (!verdict.valid) throw new restate.TerminalError(verdict.reason, { errorCode: 400 });
      const { type, data } = JSON.parse(Buffer.from(body).toString("utf8"));
      const id = data.object.metadata?.order_id;
      if (type === "payment_intent.succeeded" && id) ctx.workflowSendClient(order, id).paid(data.object.id);
    }),
  },
});

const quiet = () => {};
const handler = restate.createEndpointHandler({ services: [order, api, webhooks], logger: quiet });
const server = createServer(handler).listen(0, "127.0.0.1", () => {
  process.stdout.write(`tally ${tally.url}\nready http://127.0.0.1:${server.address().port}\n`);
});
process.on("SIGTERM", () => process.exit(0));
