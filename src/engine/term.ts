import { AsyncLocalStorage } from "node:async_hooks";

/**
 * A span in which the others take this process for alive. What it began in a term it goes on with in that term alone: once
 * the others have taken its work over, they do it.
 */
class Term {
  private over = false;
  /** By the clock that goes on while the process is stopped. */
  private heldUntil = -Infinity;
  private waiting: (() => void)[] = [];

  hold(until: number): void {
    this.heldUntil = Math.max(this.heldUntil, until);
    this.wake();
  }

  end(): void {
    this.over = true;
    this.wake();
  }

  isHeld(): boolean {
    return !this.over && performance.now() < this.heldUntil;
  }

  /** Whether it goes on, as soon as that is certain: in doubt the next renewal of the lease says it. */
  async goesOn(): Promise<boolean> {
    while (!this.over) {
      if (this.isHeld()) return true;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return false;
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

let present = new Term();
const own = new AsyncLocalStorage<Term>();

/** The lease was renewed: nobody takes our work before this moment of `performance.now()`. */
export const holdTerm = (until: number): void => present.hold(until);

/** The others have taken this process for dead: whatever it was at is theirs now. */
export function endTerm(): void {
  const ended = present;
  present = new Term();
  ended.end();
}

export const isTermHeld = (): boolean => present.isHeld();

/** Runs `work` as begun in the present term. */
export const inThisTerm = <T>(work: () => Promise<T>): Promise<T> => own.run(present, work);

/** Whether what runs here is still ours to do; waits while nobody knows. */
export const isStillOurs = async (): Promise<boolean> => (await own.getStore()?.goesOn()) ?? true;

/** Calls what the world outside sees only while it is ours to do: a step may have stood still after it began. */
export const onlyIfOurs =
  <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
  async (...args: Args): Promise<Result> => {
    if (!(await isStillOurs())) throw new Error("another process has taken this over");
    return call(...args);
  };
