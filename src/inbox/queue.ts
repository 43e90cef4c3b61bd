import { currentTrace } from "../observe/trace.ts";
import type { ReadEvent } from "../payments/webhook-source.ts";
import { eventId, type Accepted, type Arrival, type Read } from "./arrival.ts";

/** Providers wait for ten seconds and more; one that is told earlier comes again earlier. */
const ANSWER_WITHIN_MS = 5_000;
/** What may wait in memory for a database that is slow, in bytes of bodies. */
const MOST_WAITING = 64 * 1024 * 1024;

/** An event whose request waits for its answer. */
export interface Waiting extends Read {
  /** Whether the request still waits. */
  readonly open: boolean;
  resolve(accepted: Accepted): void;
  reject(error: unknown): void;
}

export interface Queue {
  readonly length: number;
  /** @returns what `resolve` says; rejected when too much waits already, or this one for too long */
  add(arrival: Arrival, event: ReadEvent): Promise<Accepted>;
  /** The next arrivals, no event and no change twice: the second of a pair has to find the first one stored. */
  take(most: number): Waiting[];
}

/** What has arrived and is not being written yet; `refused` is what is said to one that cannot wait, or has waited for too long. */
export function createQueue(refused: () => Error): Queue {
  const queue: Entry[] = [];
  let bytes = 0;

  class Entry implements Waiting {
    open = true;
    readonly arrival: Arrival;
    readonly event: ReadEvent;
    readonly trace = currentTrace();
    readonly names: string[];
    private readonly answer: (accepted: Accepted) => void;
    private readonly refuse: (error: Error) => void;
    private readonly late: NodeJS.Timeout;

    constructor(
      arrival: Arrival,
      event: ReadEvent,
      resolve: (accepted: Accepted) => void,
      reject: (error: Error) => void,
    ) {
      this.arrival = arrival;
      this.event = event;
      this.names = [`event ${arrival.provider} ${eventId(this)}`];
      if (event.change) this.names.push(`change ${arrival.provider} ${event.change.key}`);
      this.answer = resolve;
      this.refuse = reject;
      this.late = setTimeout(giveUp, ANSWER_WITHIN_MS, this);
      bytes += arrival.body.length;
    }

    resolve(accepted: Accepted): void {
      if (this.end()) this.answer(accepted);
    }

    reject(error: unknown): void {
      if (this.end()) this.refuse(error instanceof Error ? error : new Error(String(error)));
    }

    private end(): boolean {
      if (!this.open) return false;
      this.open = false;
      bytes -= this.arrival.body.length;
      clearTimeout(this.late);
      return true;
    }
  }

  function giveUp(entry: Entry): void {
    const at = queue.indexOf(entry);
    // One that is being written may still be stored: then it is there when it is sent again.
    if (at >= 0) queue.splice(at, 1);
    entry.reject(refused());
  }

  return {
    get length() {
      return queue.length;
    },
    add: (arrival, event) =>
      new Promise((resolve, reject) => {
        if (bytes + arrival.body.length > MOST_WAITING) reject(refused());
        else queue.push(new Entry(arrival, event, resolve, reject));
      }),
    take(most) {
      const seen = new Set<string>();
      const batch: Entry[] = [];
      const later: Entry[] = [];
      let looked = 0;
      for (const entry of queue) {
        if (batch.length === most) break;
        looked++;
        (entry.names.some((name) => seen.has(name)) ? later : batch).push(entry);
        for (const name of entry.names) seen.add(name);
      }
      queue.splice(0, looked, ...later);
      return batch;
    },
  };
}
