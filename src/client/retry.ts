import type { CountersignError } from "./failure.ts";

const FIRST_MS = 250;
const LONGEST_MS = 8_000;
/** Whoever is told to wait for longer than this is not kept waiting by us. */
const LONGEST_TOLD_MS = 60_000;

const PASSING = new Set([408, 429, 502, 503, 504]);

/** Whether the same request may succeed when it is sent again. */
export const isPassing = ({ code, status }: CountersignError): boolean =>
  code === "connection_failed" ||
  code === "timeout" ||
  code === "idempotency_in_progress" ||
  (status !== null && PASSING.has(status));

/**
 * How long to wait before a request is sent again, in milliseconds; null: not again.
 * @param tries how many there were
 * @param chance 0 to 1, so that a herd does not return at once
 */
export function waitBeforeNext(
  error: CountersignError,
  { tries, retries, chance }: { tries: number; retries: number; chance: number },
): number | null {
  if (tries > retries || !isPassing(error)) return null;
  const told = error.retryAfter_ms;
  if (told !== null && told > LONGEST_TOLD_MS) return null;
  const backoff = Math.min(FIRST_MS * 2 ** (tries - 1), LONGEST_MS);
  const spread = backoff * (0.5 + chance / 2);
  return told === null ? spread : told + (spread - backoff / 2);
}

/** Waits, or throws the signal's reason as soon as it is aborted. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

/** Why a signal was aborted, as an error: by default an `AbortError`. */
export const reasonOf = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new DOMException(String(signal?.reason), "AbortError");
