/** Work that a decision asked for and whose outcome has not come back yet. */
export interface Todo<E> {
  /** Derived and stable: the idempotency key towards whoever performs it. */
  key: string;
  effect: E;
  /** How often it was tried without success. */
  attempts: number;
  /** Not before this time, RFC 3339. */
  due_at: string;
}

export const todo = <E>(key: string, effect: E, now: Date): Todo<E> => ({
  key,
  effect,
  attempts: 0,
  due_at: now.toISOString(),
});

/**
 * Code of a failure that the performer remembers under the key and would repeat, while what should have been done is not:
 * after some patience the same may be tried with a new key.
 */
export const KEY_SPENT = "key_spent";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;

/** The same work later: after 1, 2, 4 … s, at most 5 min apart, spread by the key so that a herd does not return at once. */
export function postponed<E>(work: Todo<E>, now: Date): Todo<E> {
  const attempts = work.attempts + 1;
  const base = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LONGEST_RETRY_MS);
  const spread = [...work.key].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1000, attempts) / 1000;
  return { ...work, attempts, due_at: new Date(now.getTime() + base * (1 + 0.2 * spread)).toISOString() };
}

/** Whether a retry deserves an entry in the trail: the first, and then ever more rarely. */
export const worthTelling = (attempts: number): boolean => Number.isInteger(Math.log2(attempts));

export const isDue = <E>(work: Todo<E>, now: Date): boolean => Date.parse(work.due_at) <= now.getTime();

/** The earliest of several RFC 3339 times; null when there is none. */
export function earliest(...times: (string | null | undefined)[]): string | null {
  return times.reduce<string | null>(
    (first, time) => (time && (!first || Date.parse(time) < Date.parse(first)) ? time : first),
    null,
  );
}
