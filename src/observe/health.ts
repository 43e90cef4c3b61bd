/** How somebody whom we call has been lately, from the calls themselves: asking more often would tell no more. */
export interface Health {
  worked(): void;
  /** `code`: what kind of trouble; never a message, which may hold anything. */
  failed(code: string): void;
  state(): { ok: boolean; reason?: string };
}

export function createHealth(): Health {
  let trouble: { code: string; since: Date } | null = null;
  return {
    worked: () => void (trouble = null),
    failed: (code) => void (trouble = { code, since: trouble?.since ?? new Date() }),
    state: () =>
      trouble
        ? { ok: false, reason: `calls fail since ${trouble.since.toISOString()} (${trouble.code})` }
        : { ok: true },
  };
}
