import type { Todo } from "../domain/todo.ts";
import type { Fault } from "../engine/fault.ts";
import type { Metrics } from "../observe/metrics.ts";
import { fail, inSpan } from "../observe/trace.ts";

/** What came of an effect that was tried once: the message that the next decision takes. */
export type Outcome<Result> =
  | { type: "effect.done"; key: string; result: Result }
  | { type: "effect.failed"; key: string; reason: string; code: string; retry: boolean };

export interface AttemptDeps {
  fault: Fault;
  metrics: Pick<Metrics, "effects">;
}

/**
 * Tries an effect once. Its outcome, failure included, is recorded by the workflow, and a replay does not try it again. If the
 * process dies between the effect and the record it is tried again with the same key, so whoever is called must take the
 * key as the same call.
 */
export const attempt = <Effect extends { kind: string }, Result>(
  { key, effect }: Todo<Effect>,
  { fault, metrics }: AttemptDeps,
  perform: () => Promise<Result>,
): Promise<Outcome<Result>> =>
  inSpan(`effect ${effect.kind}`, { attributes: { "countersign.key": key } }, async (span) => {
    const count = (outcome: string) => metrics.effects.inc({ effect: effect.kind, outcome });
    fault(effect.kind, "before");
    try {
      const result = await perform();
      fault(effect.kind, "after");
      count("done");
      return storable({ type: "effect.done", key, result });
    } catch (error) {
      const why = explain(error);
      count(why.retry ? "retry" : "failed");
      fail(span, error);
      return storable({ type: "effect.failed", key, ...why });
    }
  });

/** A failure in the words of the trail. Whatever is not known to be final is tried again. */
function explain(error: unknown): { reason: string; code: string; retry: boolean } {
  if (!(error instanceof Error)) return { reason: String(error), code: "unknown", retry: true };
  const code = "code" in error && typeof error.code === "string" ? error.code : "unknown";
  return { reason: error.message, code, retry: !("retry" in error && error.retry === false) };
}

/** Escapes that are JSON but that PostgreSQL's jsonb refuses: NUL, and halves of surrogate pairs. */
const UNSTORABLE = /\\u(0000|d[89a-f])/i;

/** Whoever answered may have put anything into it; what could not be stored becomes U+FFFD. */
function storable<T>(outcome: T): T {
  const text = JSON.stringify(outcome);
  if (!UNSTORABLE.test(text)) return outcome;
  const clean = (_: string, value: unknown) =>
    typeof value === "string" ? value.replaceAll("\0", "\uFFFD").toWellFormed() : value;
  return JSON.parse(text, clean) as T;
}
