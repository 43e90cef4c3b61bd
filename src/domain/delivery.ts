/** What came of one try to deliver a webhook. */
export type TryOutcome =
  | { outcome: "accepted" }
  | {
      outcome: "failed";
      /** The receiver wants no more, ever (410). */
      gone: boolean;
      /** Seconds that it asked us to wait (Retry-After); null: it did not say. */
      retry_after_s: number | null;
    };

/** What a delivery is after a try; `next_in_s` is when it is tried again. */
export type Verdict =
  { state: "delivered" | "failed"; next_in_s: null } | { state: "pending"; next_in_s: number };

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * Seconds from each failed try to the next, before the spread: eleven tries in 72 to 79 hours, as the Standard Webhooks
 * specification recommends (https://www.standardwebhooks.com, "Deliverability and reliability").
 */
export const RETRY_AFTER_S = [
  5,
  MINUTE,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  20 * HOUR,
] as const;

/** A wait grows by up to this part of itself, so that a herd does not return at once. */
const SPREAD = 0.1;
const LONGEST_WAIT_S = 24 * HOUR;

/** An endpoint at which nothing has succeeded for this long is disabled. */
export const DISABLE_AFTER_MS = 5 * 24 * HOUR * 1000;

/** For how long deliveries are kept. */
export const KEEP_DELIVERIES_MS = 30 * 24 * HOUR * 1000;

/** An event that the merchant asks for, to see whether webhooks arrive. It is not tried again. */
export const PING = "endpoint.ping";

/**
 * Decides what follows a try.
 * @param attempts how many there were before it, since it was enqueued or last retried by hand
 * @param chance 0 to 1, where in the spread the next one falls
 */
export function decideDelivery(
  tried: TryOutcome,
  { type, attempts, chance }: { type: string; attempts: number; chance: number },
): Verdict {
  if (tried.outcome === "accepted") return { state: "delivered", next_in_s: null };
  const wait = RETRY_AFTER_S[attempts];
  if (tried.gone || wait === undefined || type === PING) return { state: "failed", next_in_s: null };
  const asked = Math.min(tried.retry_after_s ?? 0, LONGEST_WAIT_S);
  return { state: "pending", next_in_s: Math.max(wait * (1 + SPREAD * chance), asked) };
}
