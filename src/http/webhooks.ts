import Router from "@koa/router";
import type { Context } from "koa";
import { sampleFailure } from "../db/inbound-webhooks.ts";
import type { Pool } from "../db/pool.ts";
import { AppError } from "../errors.ts";
import type { Arrival, Accepted } from "../inbox/accept.ts";
import { alsoAbout, type Log } from "../log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { WebhookSource, WebhookSources } from "../payments/webhook-source.ts";
import { readBytes } from "./body.ts";
import { createWebhookLimiter, LIMITS, type WebhookLimits } from "./webhook-limits.ts";

export interface WebhookDeps {
  pool: Pool;
  intake: { accept(arrival: Arrival): Promise<Accepted> };
  sources: WebhookSources;
  log: Log;
  metrics: Metrics;
  /** Absent: those that are right for a service. */
  webhookLimits?: WebhookLimits;
}

const LIMIT = 512 * 1024;
const SAMPLES = 100;

/**
 * The providers' webhooks: the source's own answer (204, say) once all is stored and routed, 400 for a bad signature; any
 * other answer asks for a retry.
 */
export function webhookRoutes({
  pool,
  intake,
  sources,
  log,
  metrics,
  webhookLimits = LIMITS,
}: WebhookDeps): Router {
  const limiter = createWebhookLimiter(webhookLimits);
  return new Router().post("/webhooks/:provider", async (ctx) => {
    const source = sourceOf(sources, ctx.params["provider"] ?? "");
    const received_at = new Date();
    const body = await readBytes(ctx, LIMIT, webhookLimits.bodyWithinMs);
    const reception = source.receive({ body, headers: allHeaders(ctx), now: received_at });
    const headers = keptHeaders(ctx, source);
    if (!reception.valid) {
      metrics.signatureFailures.inc({ provider: source.name });
      await limiter.count(ctx.ip, false);
      keepSample(pool, headers, body, reception.reason, log);
      throw new AppError("invalid_signature", reception.reason);
    }
    await limiter.count(ctx.ip, true);
    const provider = source.name;
    const accepted = await Promise.all(
      reception.events.map((event) => intake.accept({ provider, body: event, headers, received_at })),
    );
    const seconds = (Date.now() - received_at.getTime()) / 1000;
    for (const { id, event_id, order_id, state, fresh } of accepted) {
      metrics.webhooks.inc({ provider, state, result: fresh ? "new" : "duplicate" });
      metrics.intake.observe({ provider }, seconds);
      const about = { event_id, ...(order_id === null ? {} : { order_id }) };
      if (accepted.length === 1) alsoAbout(about);
      log.info({ ...about, webhook_id: id, provider, state, fresh }, "webhook taken in");
    }
    ctx.status = source.answer.status;
    if (source.answer.body !== undefined) ctx.body = source.answer.body;
  });
}

function sourceOf(sources: WebhookSources, name: string): WebhookSource {
  const source = sources.get(name);
  if (source) return source;
  const known = [...sources.keys()].map((known) => `/webhooks/${known}`).join(", ");
  throw new AppError("not_found", `No webhooks of ${name.slice(0, 64)} are taken here, only at ${known}.`);
}

const allHeaders = (ctx: Context): Record<string, string> =>
  Object.fromEntries(Object.keys(ctx.headers).map((name): [string, string] => [name, ctx.get(name)]));

/** Headers worth keeping; the others are the proxy's business, or secret. */
const keptHeaders = (ctx: Context, { keptHeaders: kept }: WebhookSource): Record<string, string> =>
  Object.fromEntries(
    kept.map((name): [string, string] => [name, ctx.get(name)]).filter(([, value]) => value !== ""),
  );

/** Bounded, and in nobody's way: what cannot be trusted gets no more than a slot. */
function keepSample(
  pool: Pool,
  headers: Record<string, string>,
  body: Buffer,
  reason: string,
  log: Log,
): void {
  const slot = Math.floor(Math.random() * SAMPLES);
  const start = body.subarray(0, 200).toString("latin1").replaceAll("\0", "");
  sampleFailure(pool, slot, reason, headers, start).catch((error: unknown) =>
    log.warn({ err: error }, "a sample of a bad webhook could not be kept"),
  );
}
