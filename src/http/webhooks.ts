import Router from "@koa/router";
import type { Context } from "koa";
import { sampleFailure } from "../db/inbound-webhooks.ts";
import type { Pool } from "../db/pool.ts";
import { AppError } from "../errors.ts";
import type { Arrival, Accepted } from "../inbox/accept.ts";
import type { Log } from "../log.ts";
import { verifySignature } from "../payments/stripe/signature.ts";
import { readBytes } from "./body.ts";
import type { Metrics } from "./metrics.ts";

export interface WebhookDeps {
  pool: Pool;
  intake: { accept(arrival: Arrival): Promise<Accepted> };
  secrets: string[];
  log: Log;
  metrics: Metrics;
}

const LIMIT = 512 * 1024;
const SAMPLES = 100;
/** Headers worth keeping; the others are the proxy's business, or secret. */
const KEPT = ["content-type", "user-agent", "stripe-signature", "stripe-account", "idempotency-key"];

/** The provider's webhooks: 204 once stored and routed, 400 for a bad signature; any other answer asks for a retry. */
export const webhookRoutes = ({ pool, intake, secrets, log, metrics }: WebhookDeps): Router =>
  new Router().post("/webhooks/stripe", async (ctx) => {
    const received_at = new Date();
    const body = await readBytes(ctx, LIMIT);
    const verdict = verifySignature(body, ctx.get("stripe-signature") || undefined, secrets, received_at);
    if (!verdict.valid) {
      metrics.signatureFailures.inc();
      keepSample(pool, ctx, body, verdict.reason, log);
      throw new AppError("invalid_signature", verdict.reason);
    }
    const { state } = await intake.accept({ body, headers: keptHeaders(ctx), received_at });
    metrics.webhooks.inc({ state });
    ctx.status = 204;
  });

const keptHeaders = (ctx: Context): Record<string, string> =>
  Object.fromEntries(
    KEPT.map((name): [string, string] => [name, ctx.get(name)]).filter(([, value]) => value !== ""),
  );

/** Bounded, and in nobody's way: what cannot be trusted gets no more than a slot. */
function keepSample(pool: Pool, ctx: Context, body: Buffer, reason: string, log: Log): void {
  const slot = Math.floor(Math.random() * SAMPLES);
  const start = body.subarray(0, 200).toString("latin1").replaceAll("\0", "");
  sampleFailure(pool, slot, reason, keptHeaders(ctx), start).catch((error: unknown) =>
    log.warn({ err: error }, "a sample of a bad webhook could not be kept"),
  );
}
