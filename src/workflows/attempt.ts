import type { Todo } from "../domain/todo.ts";
import type { Fault } from "../engine/fault.ts";
import { runStep } from "../engine/step.ts";

/** What came of an effect that was tried once: the message that the next decision takes. */
export type Outcome<Result> =
  | { type: "effect.done"; key: string; result: Result }
  | { type: "effect.failed"; key: string; reason: string; code: string; retry: boolean };

/**
 * Tries an effect as a durable step: its outcome, failure included, is recorded, and a replay does not try it again. If
 * the process dies between the effect and the record it is tried again with the same key, so whoever is called must take
 * the key as the same call.
 */
export const attempt = <Effect extends { kind: string }, Result>(
  { key, effect }: Todo<Effect>,
  fault: Fault,
  perform: () => Promise<Result>,
): Promise<Outcome<Result>> =>
  runStep(effect.kind, async () => {
    fault(effect.kind, "before");
    try {
      const result = await perform();
      fault(effect.kind, "after");
      return { type: "effect.done", key, result };
    } catch (error) {
      return { type: "effect.failed", key, ...explain(error) };
    }
  });

/** A failure in the words of the trail. Whatever is not known to be final is tried again. */
function explain(error: unknown): { reason: string; code: string; retry: boolean } {
  if (!(error instanceof Error)) return { reason: String(error), code: "unknown", retry: true };
  const code = "code" in error && typeof error.code === "string" ? error.code : "unknown";
  return { reason: error.message, code, retry: !("retry" in error && error.retry === false) };
}
