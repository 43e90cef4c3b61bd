import type { State, Task } from "./state.ts";
import { randomId } from "./random-id.ts";

/**
 * The provider's time, which can be moved forward, and what happens by itself in the course of it: sessions and
 * authorizations expire, pending refunds settle, disputes are decided.
 */
export class Clock {
  readonly #state: State;
  readonly #run: (task: Task) => void;
  #offset: number;
  #timer: NodeJS.Timeout | null = null;
  readonly #due: Task[];
  readonly #moved: (() => void)[] = [];

  constructor(state: State, run: (task: Task) => void) {
    this.#state = state;
    this.#run = run;
    const stored = state.settings.get("clock")?.value;
    this.#offset = typeof stored === "number" ? stored : 0;
    this.#due = [...state.agenda.oldest()].sort((a, b) => a.at - b.at);
  }

  /** Milliseconds of the provider's time. */
  ms(): number {
    return Date.now() + this.#offset;
  }

  /** Whole seconds, as every `created` is given. */
  now(): number {
    return Math.floor(this.ms() / 1000);
  }

  /** Runs what fell due while the process was down, and from now on in time. */
  start(): void {
    this.#tick();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }

  schedule(task: Omit<Task, "id">): void {
    const stored = this.#state.agenda.put({ id: randomId("task_"), ...task });
    let low = 0;
    let high = this.#due.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#due[middle]?.at ?? 0) <= stored.at) low = middle + 1;
      else high = middle;
    }
    this.#due.splice(low, 0, stored);
    if (low === 0) this.#arm();
  }

  onMove(listener: () => void): void {
    this.#moved.push(listener);
  }

  /** Moves the time forward; everything that falls due on the way has happened when this returns. */
  advance(seconds: number): void {
    this.#offset += seconds * 1000;
    this.#state.settings.put({ id: "clock", value: this.#offset });
    this.#tick();
    for (const listener of this.#moved) listener();
  }

  #tick(): void {
    for (let next = this.#due[0]; next && next.at <= this.ms(); next = this.#due[0]) {
      this.#due.shift();
      this.#run(next);
      this.#state.agenda.delete(next.id);
    }
    this.#state.commit();
    this.#arm();
  }

  #arm(): void {
    if (this.#timer) clearTimeout(this.#timer);
    const next = this.#due[0];
    if (!next) return;
    this.#timer = setTimeout(
      () => {
        this.#tick();
      },
      Math.min(Math.max(next.at - this.ms(), 1), 60_000),
    );
    this.#timer.unref();
  }
}
