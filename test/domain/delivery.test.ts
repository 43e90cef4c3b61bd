import { describe, expect, test } from "vitest";
import { decideDelivery, PING, RETRY_AFTER_S, type TryOutcome } from "../../src/domain/delivery.ts";

const failed: TryOutcome = { outcome: "failed", gone: false, retry_after_s: null };
const decide = (outcome: TryOutcome, attempts = 0, chance = 0, type = "order.created") =>
  decideDelivery(outcome, { type, attempts, chance });

/** All waits until it is given up. */
function waits(chance: number): number[] {
  const all: number[] = [];
  for (let attempts = 0; ; attempts++) {
    const { next_in_s } = decide(failed, attempts, chance);
    if (next_in_s === null) return all;
    all.push(next_in_s);
  }
}

describe("what follows a try", () => {
  test("one that was taken is delivered", () => {
    expect(decide({ outcome: "accepted" }, 7)).toEqual({ state: "delivered", next_in_s: null });
  });

  test.each([0, 0.5, 1])("it is tried for three days, with ever longer waits, at chance %d", (chance) => {
    const all = waits(chance);
    expect(all).toHaveLength(RETRY_AFTER_S.length);
    expect(all).toEqual([...all].sort((a, b) => a - b));
    const days = all.reduce((sum, wait) => sum + wait, 0) / 86_400;
    expect(days).toBeGreaterThan(2.9);
    expect(days).toBeLessThan(3.4);
  });

  test("chance spreads the waits", () => {
    expect(waits(0)[3]).toBeLessThan(waits(1)[3] ?? 0);
  });

  test("a receiver that asks for a longer wait gets it, for a day at most", () => {
    expect(decide({ ...failed, retry_after_s: 3600 })).toEqual({ state: "pending", next_in_s: 3600 });
    expect(decide({ ...failed, retry_after_s: 10 ** 8 })).toEqual({ state: "pending", next_in_s: 86_400 });
    expect(decide({ ...failed, retry_after_s: 1 }).next_in_s).toBe(RETRY_AFTER_S[0]);
  });

  test("one that is gone gets no more, and a ping is not repeated", () => {
    expect(decide({ ...failed, gone: true })).toEqual({ state: "failed", next_in_s: null });
    expect(decide(failed, 0, 0, PING)).toEqual({ state: "failed", next_in_s: null });
  });
});
