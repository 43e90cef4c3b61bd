import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeTime, isValid } from "ulid";
import { derivedId } from "../../src/domain/derived-id.ts";
import { runs } from "./property.ts";

const times = fc.date({ min: new Date("2020-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });

test("the same decision yields the same id, another one another", () => {
  fc.assert(
    fc.property(times, fc.string(), fc.string(), (at, one, other) => {
      expect(derivedId("apr", at, one)).toBe(derivedId("apr", at, one));
      if (one !== other) expect(derivedId("apr", at, one)).not.toBe(derivedId("apr", at, other));
    }),
    runs(500),
  );
});

test("ids sort by time and are ULIDs", () => {
  fc.assert(
    fc.property(times, times, fc.string(), fc.string(), (a, b, one, other) => {
      const [first, second] = [derivedId("rfd", a, one), derivedId("rfd", b, other)];
      if (a.getTime() !== b.getTime()) expect(first < second).toBe(a < b);
      expect(first).toMatch(/^rfd_[0-9a-hjkmnp-tv-z]{26}$/);
      const ulid = first.slice(4).toUpperCase();
      expect(isValid(ulid)).toBe(true);
      expect(decodeTime(ulid)).toBe(a.getTime());
    }),
    runs(500),
  );
});
