import { setTimeout as sleep } from "node:timers/promises";
import { eventCallbacks, onEveryEvent, streamCallbacks } from "./internals.ts";
import { EVENT_KEYS } from "../domain/order-view.ts";
import { AUDIT_STREAM, workflowId } from "./names.ts";
import { signalEvent, signalStream } from "./signals.ts";
import { isElsewhere } from "./start.ts";

/** Everything of ours that can change and be waited for. */
const CHANGED = "changed";

/**
 * Wakes those who wait here at once, and those at other processes some milliseconds later.
 * @param answer what the order keeps as the answer to the request that created it, from this change on; as JSON
 */
export function announce(id: string, segment: number, answer: string | null): void {
  const workflow = workflowId(id, segment);
  if (answer !== null) answers.get(id)?.(answer);
  eventCallbacks().callCallbacks(`${id}::${CHANGED}`);
  signalEvent(id, CHANGED);
  // For readers that use the engine's own getEvent and readStream.
  for (const key of EVENT_KEYS) signalEvent(workflow, key);
  signalStream(workflow, AUDIT_STREAM);
  streamCallbacks().callCallbacks(`${workflow}::${AUDIT_STREAM}`);
}

/** Calls back whenever the order or approval has changed; a lost notification is possible, so poll now and then as well. */
export function onChanged(id: string, callback: () => void): () => void {
  const callbacks = eventCallbacks();
  const handle = callbacks.registerCallback(`${id}::${CHANGED}`, callback);
  return () => callbacks.deregisterCallback(handle);
}

/** Calls back with the id of every order and approval that changes, in any process; for one follower a process. */
export function onAnyChanged(callback: (id: string) => void): () => void {
  const suffix = `::${CHANGED}`;
  return onEveryEvent((key) => {
    if (key.endsWith(suffix)) callback(key.slice(0, -suffix.length));
  });
}

/** How often a waiter looks although nothing was heard. */
const LOOK_EVERY_MS = 1_000;

interface Wait {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** Requests of this process that created an order and wait for its answer. */
const answers = new Map<string, (answer: string) => void>();

/**
 * Waits for the answer to the request that created an order: told by its workflow when that runs here, else looked for.
 * @returns null when there is none in time
 */
export async function waitForAnswer(
  id: string,
  look: () => Promise<unknown>,
  timeoutMs: number,
): Promise<unknown> {
  const abort = new AbortController();
  try {
    return await new Promise<unknown>((resolve, reject) => {
      answers.set(id, (answer) => resolve(JSON.parse(answer)));
      const found = isElsewhere()
        ? waitFor(id, look, { timeoutMs, signal: abort.signal })
        : lookNowAndThen(look, timeoutMs, abort.signal);
      found.then(resolve, reject);
    });
  } finally {
    abort.abort();
    answers.delete(id);
  }
}

/** Its workflow may have gone to another process meanwhile. */
async function lookNowAndThen(look: () => Promise<unknown>, timeoutMs: number, signal: AbortSignal) {
  for (const deadline = Date.now() + timeoutMs; ;) {
    const left = deadline - Date.now();
    await sleep(Math.min(Math.max(left, 0), LOOK_EVERY_MS), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return null;
    const found = await look();
    if (found !== null || left <= 0) return found;
  }
}

/**
 * Waits until `look` finds something, `deadline` passes, or `signal` aborts.
 * @returns what was found, or null.
 */
export async function waitFor<T>(
  id: string,
  look: () => Promise<T | null>,
  { timeoutMs, signal }: Wait,
): Promise<T | null> {
  const deadline = Date.now() + timeoutMs;
  let heard: boolean;
  let wake: () => void = () => {};
  const off = onChanged(id, () => {
    heard = true;
    wake();
  });
  signal?.addEventListener("abort", () => wake(), { once: true });
  try {
    for (;;) {
      heard = false;
      const found = await look();
      const left = deadline - Date.now();
      if (found !== null || left <= 0 || signal?.aborted) return found;
      if (heard) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, LOOK_EVERY_MS));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    off();
  }
}
