import { runStep } from "../engine/step.ts";
import type { Fault } from "../engine/fault.ts";

/** What came of an effect that was tried once. */
export type Attempt<Result> =
  { ok: true; result: Result } | { ok: false; reason: string; code: string; retry: boolean };

/**
 * Tries an effect as a durable step: its outcome, failure included, is recorded, and a replay does not try it again. If
 * the process dies between the effect and the record it is tried again with the same key, so whoever is called must take
 * the key as the same call.
 */
export const attempt = <Result>(
  name: string,
  fault: Fault,
  effect: () => Promise<Result>,
  explain: (error: unknown) => { reason: string; code: string; retry: boolean },
): Promise<Attempt<Result>> =>
  runStep(name, async () => {
    fault(name, "before");
    try {
      const result = await effect();
      fault(name, "after");
      return { ok: true, result };
    } catch (error) {
      return { ok: false, ...explain(error) };
    }
  });
