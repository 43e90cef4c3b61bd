import type { Log } from "../log.ts";
import { eventCallbacks, takeWaiting } from "./internals.ts";
import { signalEvent } from "./signals.ts";

/** Workflows wait in the queue for a process to take them. */
const WAITING = ["countersign", "waiting"] as const;

/** Says here at once, and to the other processes some milliseconds later, that workflows wait in the queue. */
export function announceWaiting(): void {
  eventCallbacks().callCallbacks(WAITING.join("::"));
  signalEvent(...WAITING);
}

/** Takes workflows from the queue as soon as it is told that there are some; what is not heard costs a second. */
export function startTaker(log: Log): { stop(): Promise<void> } {
  let running: Promise<void> | null = null;
  let again = false;

  async function take(): Promise<void> {
    do {
      again = false;
      await takeWaiting();
    } while (again);
  }

  const callbacks = eventCallbacks();
  const handle = callbacks.registerCallback(WAITING.join("::"), () => {
    again = true;
    running ??= take()
      .catch((error: unknown) => log.warn({ err: error }, "waiting workflows could not be taken"))
      .finally(() => (running = null));
  });
  return {
    async stop() {
      callbacks.deregisterCallback(handle);
      await running;
    },
  };
}
