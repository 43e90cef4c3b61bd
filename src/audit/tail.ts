import { readTrail, readTrailTail, type StoredEntry } from "../db/audit-index.ts";
import type { Queryable } from "../db/pool.ts";
import type { Log } from "../log.ts";
import type { Follower } from "./follower.ts";

/** Calls back whenever the order has changed; returns what ends that. */
export type OnChanged = (orderId: string, callback: () => void) => () => void;

export interface TailOptions {
  db: Queryable;
  onChanged: OnChanged;
  log: Log;
  /** How often it looks although nothing was heard. */
  pollMs: number;
}

/** Entries that were there before, and up to where they are complete. */
interface Older {
  batch: StoredEntry[];
  upTo: number;
}

const BATCH = 500;
const MAX_SEQ = 2 ** 31 - 1;

/**
 * The growing end of one order's trail, read once for all who follow it in this process. It begins where the trail stands
 * when it is opened; what is older each follower reads at its own pace, and those who ask for the same share one read.
 */
export class Tail {
  /** The newest entry that was read. */
  position = -1;
  /** The trail is closed and was read to its end. */
  ended = false;
  /** No longer running: closed, or the order is gone. */
  stopped = false;

  private readonly followers = new Set<Follower>();
  private readonly olderReads = new Map<number, Promise<Older>>();
  private readonly options: TailOptions;
  private readonly tenant: string;
  private readonly orderId: string;
  private readonly off: () => void;
  private timer: NodeJS.Timeout | undefined;
  /** Also while it is being opened. */
  private reading = true;
  private heard = false;

  private constructor(options: TailOptions, tenant: string, orderId: string) {
    this.options = options;
    this.tenant = tenant;
    this.orderId = orderId;
    this.off = options.onChanged(orderId, () => void this.look());
  }

  static async open(options: TailOptions, tenant: string, orderId: string): Promise<Tail> {
    const tail = new Tail(options, tenant, orderId);
    try {
      // After the listener is there, so that nothing falls between.
      const head = await readTrailTail(options.db, tenant, orderId, MAX_SEQ, 1);
      tail.position = (head?.entries ?? 0) - 1;
      tail.ended = !head?.open;
      tail.reading = false;
      if (tail.ended) tail.stop();
      else void tail.look();
      return tail;
    } catch (error) {
      tail.stop();
      throw error;
    }
  }

  /** From now on the follower is given every entry after `position`. */
  add(follower: Follower): void {
    if (this.stopped) follower.end();
    else this.followers.add(follower);
  }

  remove(follower: Follower): void {
    this.followers.delete(follower);
  }

  /** Entries after `seq` and not beyond `position`; some, perhaps not all. */
  older(seq: number): Promise<Older> {
    const shared = this.olderReads.get(seq) ?? this.readOlder(seq);
    this.olderReads.set(seq, shared);
    return shared;
  }

  private async readOlder(seq: number): Promise<Older> {
    const { position, tenant, orderId } = this;
    try {
      const range = { after: seq, before: position + 1, limit: BATCH };
      const batch = await readTrail(this.options.db, tenant, orderId, range);
      return { batch, upTo: batch.length < BATCH ? position : (batch.at(-1)?.seq ?? position) };
    } finally {
      this.olderReads.delete(seq);
    }
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.off();
    clearTimeout(this.timer);
    for (const follower of this.followers) follower.end();
    this.followers.clear();
  }

  /** Reads what is new; called while it reads, it looks once more. */
  private async look(): Promise<void> {
    this.heard = true;
    if (this.reading) return;
    this.reading = true;
    clearTimeout(this.timer);
    try {
      while (this.heard && !this.stopped) {
        this.heard = false;
        await this.read();
      }
    } catch (error) {
      this.options.log.warn(
        { err: error, order_id: this.orderId },
        "an audit trail could not be read; trying again",
      );
    } finally {
      this.reading = false;
      if (!this.stopped) this.timer = setTimeout(() => void this.look(), this.options.pollMs).unref();
    }
  }

  private async read(): Promise<void> {
    const { db } = this.options;
    const tail = await readTrailTail(db, this.tenant, this.orderId, this.position, BATCH);
    if (this.stopped) return;
    if (!tail) return this.stop();
    const last = tail.batch.at(-1);
    if (last) {
      this.position = last.seq;
      for (const follower of this.followers) follower.push(tail.batch);
    }
    if (tail.batch.length === BATCH) this.heard = true;
    else if (!tail.open) {
      this.ended = true;
      this.stop();
    }
  }
}
