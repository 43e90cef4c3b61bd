interface Known<T> {
  value: Promise<T>;
  until: number;
}

/** Answers that are good for a moment. */
export interface Remembered<T> {
  get(key: string): Promise<T>;
  forget(key: string): void;
}

/**
 * Asks at most once per key and `forMs`, however many want to know: what changes elsewhere is seen after that time. Failures are
 * not remembered.
 */
export function remembered<T>(
  ask: (key: string) => Promise<T>,
  { forMs, most = 5_000 }: { forMs: number; most?: number },
): Remembered<T> {
  const known = new Map<string, Known<T>>();
  return {
    get(key) {
      const now = performance.now();
      const found = known.get(key);
      if (found && found.until > now) return found.value;
      const value = ask(key);
      value.catch(() => known.delete(key));
      known.delete(key);
      // The oldest goes first: a Map keeps the order of insertion.
      for (const [oldest] of known) {
        if (known.size < most) break;
        known.delete(oldest);
      }
      known.set(key, { value, until: now + forMs });
      return value;
    },
    forget: (key) => void known.delete(key),
  };
}
