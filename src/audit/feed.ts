import type { Queryable } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { Follower, type FeedEvent } from "./follower.ts";
import { Tail, type OnChanged } from "./tail.ts";

export type { FeedEvent } from "./follower.ts";
export type { OnChanged } from "./tail.ts";

export interface FeedOptions {
  db: Queryable;
  onChanged: OnChanged;
  log: Log;
  /** How often a followed trail is read although nothing was heard; default 1 s. */
  pollMs?: number;
  /** How many entries a follower may be behind the newest before it is cut off; default 1000. */
  maxBehind?: number;
}

export interface FollowOptions {
  /** The last entry that the follower has; -1 for none. */
  after: number;
  /** Ends the following at once, also while it waits. */
  signal?: AbortSignal | undefined;
}

/** Trails followed live. */
export interface TrailFeed {
  /**
   * Every entry after `after`, each once and in order, then those to come. Ends after `end` (the trail is closed) or
   * `resync` with reason `slow`; without either when the feed closes or `signal` aborts.
   */
  follow(tenant: string, orderId: string, options: FollowOptions): AsyncGenerator<FeedEvent>;
  /** Ends every following, for the end of the process. */
  close(): void;
}

interface Shared {
  tail: Promise<Tail>;
  followers: number;
  stopped(): boolean;
  /** The last of its followers stops it. */
  release(): Promise<void>;
}

/** However many follow the same order in this process, each new batch of its entries is read once. */
export function createTrailFeed({ maxBehind = 1_000, pollMs = 1_000, ...rest }: FeedOptions): TrailFeed {
  const options = { ...rest, pollMs };
  const tails = new Map<string, Shared>();
  let closed = false;

  function acquire(tenant: string, orderId: string): Shared {
    const key = `${tenant}\n${orderId}`;
    const running = tails.get(key);
    // One that has stopped is left to those it has: an order whose trail was opened again is read anew.
    if (running && !running.stopped()) {
      running.followers++;
      return running;
    }
    const tail = Tail.open(options, tenant, orderId);
    let opened: Tail | undefined;
    void tail.then((open) => (opened = open)).catch(() => {});
    const shared: Shared = {
      tail,
      followers: 1,
      stopped: () => opened?.stopped ?? false,
      async release() {
        if (--shared.followers > 0) return;
        if (tails.get(key) === shared) tails.delete(key);
        await tail.then((open) => open.stop()).catch(() => {});
      },
    };
    tails.set(key, shared);
    return shared;
  }

  async function* follow(
    tenant: string,
    orderId: string,
    { after, signal }: FollowOptions,
  ): AsyncGenerator<FeedEvent> {
    if (closed) return;
    const shared = acquire(tenant, orderId);
    const follower = new Follower(maxBehind, signal);
    try {
      const tail = await shared.tail;
      let last = after;
      if (last > tail.position) {
        last = tail.position;
        yield { type: "resync", after: last, reason: "ahead" };
      }
      while (last < tail.position && !signal?.aborted && !closed) {
        const { batch, upTo } = await tail.older(last);
        for (const { seq, text, personal } of batch)
          if (text !== null) yield { type: "entry", seq, text, personal };
        last = upTo;
      }
      if (signal?.aborted || closed) return;
      // From the comparison above to here nothing waits, so nothing falls between.
      tail.add(follower);
      for (;;) {
        const taken = await follower.take();
        if (signal?.aborted) return;
        if (taken === "slow") {
          yield { type: "resync", after: last, reason: "slow" };
          return;
        }
        if (taken === "end") break;
        for (const { seq, text, personal } of taken) {
          if (text !== null) yield { type: "entry", seq, text, personal };
          last = seq;
        }
      }
      if (tail.ended) yield { type: "end", after: last };
    } finally {
      await shared.tail.then((tail) => tail.remove(follower)).catch(() => {});
      await shared.release();
    }
  }

  return {
    follow,
    close() {
      closed = true;
      for (const { tail } of tails.values()) void tail.then((open) => open.stop()).catch(() => {});
    },
  };
}
