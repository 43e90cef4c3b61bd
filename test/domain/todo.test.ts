import fc from "fast-check";
import { expect, test } from "vitest";
import { earliest, isDue, postponed, todo, worthTelling } from "../../src/domain/todo.ts";
import { runs } from "./property.ts";
import { T0 } from "./world.ts";

const now = new Date(T0);

test("a retry waits 1, 2, 4 … seconds and at most five minutes, give or take a fifth", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.nat({ max: 2_000 }), (key, attempts) => {
      const again = postponed({ ...todo(key, "work", now), attempts }, now);
      const wait = Date.parse(again.due_at) - now.getTime();
      const base = Math.min(1_000 * 2 ** attempts, 300_000);
      expect(again).toMatchObject({ key, attempts: attempts + 1 });
      expect(wait).toBeGreaterThanOrEqual(base);
      expect(wait).toBeLessThanOrEqual(base * 1.2);
      expect(isDue(again, now)).toBe(false);
      expect(isDue(again, new Date(now.getTime() + wait))).toBe(true);
    }),
    runs(500),
  );
});

test("a herd does not come back at once", () => {
  const waits = Array.from({ length: 200 }, (_, i) => {
    const work = { ...todo(`ord_${i}:capture:1`, "capture", now), attempts: 9 };
    return postponed(work, now).due_at;
  });
  expect(new Set(waits).size).toBeGreaterThan(150);
});

test("attempts are told at growing intervals", () => {
  const told = Array.from({ length: 1_100 }, (_, i) => i + 1).filter(worthTelling);
  expect(told).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024]);
});

test("the earliest of several times is found, whatever is missing", () => {
  expect(earliest()).toBeNull();
  expect(earliest(null, undefined)).toBeNull();
  expect(earliest(null, "2026-01-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z", undefined)).toBe(
    "2026-01-01T00:00:00.000Z",
  );
});
