import { RateLimiterRes, type RateLimiterMemory } from "rate-limiter-flexible";
import { AppError } from "../errors.ts";

/** Counts one. @throws AppError `rate_limited`, with the time after which it is worth another try */
export async function consume(limiter: RateLimiterMemory, key: string, refusal: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    throw new AppError("rate_limited", refusal, { retryAfter: Math.ceil(refused.msBeforeNext / 1000) });
  }
}
