/** What a run has started: processes, servers, folders. All of it ends with the run, however that ends. */
export interface Scope {
  /** Takes note of what is being started before it is there, so that an interrupt in between leaves nothing behind. */
  start<T extends Stoppable>(starting: Promise<T>): Promise<T>;
  /** Stops everything, the last first, and waits for the ends. A failure to stop one does not keep the others. */
  end(): Promise<void>;
}

export interface Stoppable {
  stop(): Promise<unknown>;
}

export function createScope(): Scope {
  const started: Promise<Stoppable>[] = [];
  let ended = false;
  return {
    async start(starting) {
      starting.catch(() => {});
      started.push(starting);
      const there = await starting;
      if (!ended) return there;
      await there.stop();
      throw new Interrupted();
    },
    async end() {
      ended = true;
      for (;;) {
        const last = started.pop();
        if (last === undefined) return;
        await last.then((each) => each.stop()).catch(() => {});
      }
    },
  };
}

/** The run was asked to end. */
export class Interrupted extends Error {
  override name = "Interrupted";
}
