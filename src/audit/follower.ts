import type { StoredEntry } from "../db/audit-index.ts";
import type { PersonalValue } from "../domain/personal.ts";

/** What a follower is given, in order. */
export type FeedEvent =
  | { type: "entry"; seq: number; text: string; personal: PersonalValue[] }
  /** The trail is closed, and all of it was delivered. */
  | { type: "end"; after: number }
  /** What the follower holds cannot be continued from here: read on after `after`. `slow` ends the feed. */
  | { type: "resync"; after: number; reason: "slow" | "ahead" };

/** One follower of a trail: what was read for it and it has not taken yet, up to a bound (or one batch). */
export class Follower {
  private queue: StoredEntry[] = [];
  private ended = false;
  private cut = false;
  private wake: () => void = () => {};
  private readonly bound: number;
  private readonly signal: AbortSignal | undefined;

  constructor(bound: number, signal: AbortSignal | undefined) {
    this.bound = bound;
    this.signal = signal;
  }

  push(batch: StoredEntry[]): void {
    if (this.cut) return;
    this.cut = this.queue.length > 0 && this.queue.length + batch.length > this.bound;
    if (this.cut) this.queue = [];
    else this.queue.push(...batch);
    this.wake();
  }

  /** Nothing more comes. */
  end(): void {
    this.ended = true;
    this.wake();
  }

  /** The next entries, at once when there are some; `end` when none will come, `slow` when it was cut off. */
  async take(): Promise<StoredEntry[] | "end" | "slow"> {
    for (;;) {
      if (this.cut) return "slow";
      if (this.queue.length > 0) return this.queue.splice(0);
      if (this.ended || this.signal?.aborted) return "end";
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.signal?.removeEventListener("abort", wake);
          resolve();
        };
        this.wake = wake;
        this.signal?.addEventListener("abort", wake, { once: true });
      });
    }
  }
}
