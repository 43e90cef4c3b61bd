import type { Middleware } from "koa";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Caller } from "./auth.ts";
import { consume } from "./rate-limit.ts";

/**
 * Each key, and each session of the console, may send so many requests a minute to each process; null: as many as it likes. It
 * stands behind `authenticated`; the provider's webhooks, approvers' links and probes come another way.
 */
export function keyLimit(perMinute: number | null): Middleware {
  if (perMinute === null) return (_, next) => next();
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return async (ctx, next) => {
    const { credential, tenant, user } = ctx.state["principal"] as Caller;
    await consume(
      limiter,
      credential ?? `${tenant}:${user}`,
      `This key may send ${perMinute} requests a minute (RATE_LIMIT_PER_MINUTE); send it again later.`,
    );
    await next();
  };
}
