/** How somebody whom we call has been lately, from the calls themselves. */
export interface Health {
  worked(): void;
  /** `code`: what kind of trouble; never a message, which may hold anything. */
  failed(code: string): void;
  /** What was heard last; nothing heard is no trouble. Never waits. */
  state(): { ok: boolean; reason?: string };
}

const CHECK_AFTER_MS = 30_000;

/** @param check asks by itself when nothing was heard for a while; null: all is well, otherwise a code */
export function createHealth(check?: () => Promise<string | null>): Health {
  let trouble: { code: string; since: Date } | null = null;
  let heardAt = -Infinity;
  const worked = () => {
    heardAt = performance.now();
    trouble = null;
  };
  const failed = (code: string) => {
    heardAt = performance.now();
    trouble = { code, since: trouble?.since ?? new Date() };
  };
  return {
    worked,
    failed,
    state() {
      if (check && performance.now() - heardAt > CHECK_AFTER_MS) {
        heardAt = performance.now();
        void check().then(
          (code) => (code === null ? worked() : failed(code)),
          () => failed("unknown"),
        );
      }
      return trouble
        ? { ok: false, reason: `calls fail since ${trouble.since.toISOString()} (${trouble.code})` }
        : { ok: true };
    },
  };
}
