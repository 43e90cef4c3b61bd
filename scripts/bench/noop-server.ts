/** The least an intake can do: the same Koa, the same check of the same signature, and 204 without storing. */
import type { AddressInfo } from "node:net";
import Router from "@koa/router";
import Koa from "koa";
import getRawBody from "raw-body";
import { verifySignature } from "../../src/payments/stripe/signature.ts";

const app = new Koa();
const router = new Router();
router.post("/webhooks/stripe", async (ctx) => {
  const body = await getRawBody(ctx.req, { limit: 512 * 1024 });
  const verdict = verifySignature(body, ctx.get("stripe-signature"), ["whsec_dev"], new Date());
  ctx.status = verdict.valid ? 204 : 400;
});
app.use(router.routes());
const server = app.listen(0, "127.0.0.1", () => {
  console.log(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on("SIGTERM", () => process.exit(0));
