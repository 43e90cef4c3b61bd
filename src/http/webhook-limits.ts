import ipaddr from "ipaddr.js";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { AppError } from "../errors.ts";

export interface WebhookLimits {
  /** Authentic requests per remote address and minute: far above what a provider sends, so that only a loop is slowed down. */
  verified: number;
  /** Others, likewise. */
  unverified: number;
  /** Within which time a body has to arrive. */
  bodyWithinMs: number;
}

export const LIMITS: WebhookLimits = { verified: 600_000, unverified: 600, bodyWithinMs: 15_000 };

/**
 * Counts a source's requests once it is known whether they are authentic. The two are counted apart: a provider behind the
 * same proxy as somebody who sends rubbish is answered as ever.
 */
export function createWebhookLimiter(limits: WebhookLimits) {
  const verified = new RateLimiterMemory({ points: limits.verified, duration: 60 });
  const unverified = new RateLimiterMemory({ points: limits.unverified, duration: 60 });
  return {
    /** @throws AppError `rate_limited` */
    async count(address: string, authentic: boolean): Promise<void> {
      try {
        await (authentic ? verified : unverified).consume(networkOf(address));
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        throw new AppError("rate_limited", "Too many requests from this address; send it again later.", {
          retryAfter: Math.ceil(refused.msBeforeNext / 1000),
        });
      }
    },
  };
}

/** Whoever has one IPv6 address has all of its /64 network. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === "ipv4" ? parsed.toString() : parsed.toByteArray().slice(0, 8).join(".");
}
