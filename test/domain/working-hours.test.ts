import fc from "fast-check";
import { DateTime } from "luxon";
import { describe, expect, test } from "vitest";
import {
  isTimeZone,
  isWorkingTime,
  nextWorkingTime,
  quietWindow,
  WEEKDAYS,
  type Calendar,
} from "../../src/domain/working-hours.ts";
import { runs } from "./property.ts";

const DAY = 86_400_000;
const MINUTE = 60_000;

const WEEK = ["mon", "tue", "wed", "thu", "fri"] as const;
const calendar = (
  time_zone: string,
  quiet: string | null,
  working_days: Calendar["working_days"] = [...WEEK],
) => ({
  time_zone,
  quiet,
  working_days,
});

/** When somebody may be asked whom something reaches at a time, both on the wall of the zone. */
const next = (who: Calendar, wall: string): string | null =>
  DateTime.fromJSDate(nextWorkingTime(who, DateTime.fromISO(wall, { zone: who.time_zone }).toJSDate()), {
    zone: who.time_zone,
  }).toISO({ suppressMilliseconds: true });

describe("working hours", () => {
  const berlin = calendar("Europe/Berlin", "18:00-08:00");

  test.each([
    ["within them", "2026-03-04T12:00:00", "2026-03-04T12:00:00+01:00"],
    ["at their beginning", "2026-03-04T08:00:00", "2026-03-04T08:00:00+01:00"],
    ["a second before", "2026-03-04T07:59:59", "2026-03-04T08:00:00+01:00"],
    ["at their end", "2026-03-04T18:00:00", "2026-03-05T08:00:00+01:00"],
    ["before midnight", "2026-03-04T23:59:59", "2026-03-05T08:00:00+01:00"],
    ["after midnight", "2026-03-05T00:00:00", "2026-03-05T08:00:00+01:00"],
    ["on Friday evening", "2026-03-06T18:00:00", "2026-03-09T08:00:00+01:00"],
    ["on Sunday", "2026-03-08T12:00:00", "2026-03-09T08:00:00+01:00"],
    ["over the weekend when the clocks go forward", "2026-03-27T20:00:00", "2026-03-30T08:00:00+02:00"],
    ["over the weekend when they go back", "2026-10-23T20:00:00", "2026-10-26T08:00:00+01:00"],
  ])("%s", (_, at, expected) => {
    expect(next(berlin, at)).toBe(expected);
  });

  test("without a calendar are always", () => {
    const at = new Date("2026-03-08T03:00:00Z");
    expect(nextWorkingTime(undefined, at)).toBe(at);
  });

  test("without quiet hours are whole days", () => {
    const who = calendar("America/New_York", null);
    expect(next(who, "2026-03-06T23:59:59")).toBe("2026-03-06T23:59:59-05:00");
    expect(next(who, "2026-03-07T00:00:00")).toBe("2026-03-09T00:00:00-04:00");
  });

  test("around a quiet noon are two a day", () => {
    const who = calendar("Europe/Madrid", "13:00-15:30");
    expect(next(who, "2026-03-04T00:00:00")).toBe("2026-03-04T00:00:00+01:00");
    expect(next(who, "2026-03-04T13:00:00")).toBe("2026-03-04T15:30:00+01:00");
    expect(next(who, "2026-03-06T23:00:00")).toBe("2026-03-06T23:00:00+01:00");
  });

  test("go to midnight when quiet ends there", () => {
    const who = calendar("Asia/Tokyo", "18:00-00:00");
    expect(next(who, "2026-03-04T19:00:00")).toBe("2026-03-05T00:00:00+09:00");
  });

  test("begin with the change when the clocks leap over their beginning", () => {
    // 02:00 to 03:00 does not exist on this Sunday.
    const who = calendar("Europe/Berlin", "18:00-02:30", [...WEEKDAYS]);
    expect(next(who, "2026-03-29T01:00:00")).toBe("2026-03-29T03:00:00+02:00");
    // Nor does midnight to 01:00 in Santiago.
    const santiago = calendar("America/Santiago", null, ["sun"]);
    expect(next(santiago, "2026-09-05T12:00:00")).toBe("2026-09-06T01:00:00-03:00");
  });

  test("are quiet twice when the clocks go back over a quiet hour", () => {
    // 02:00 to 03:00 is there twice.
    const who = calendar("Europe/Berlin", "18:00-02:30", [...WEEKDAYS]);
    const first = new Date("2026-10-25T00:10:00Z");
    expect(nextWorkingTime(who, first).toISOString()).toBe("2026-10-25T00:30:00.000Z");
    const second = new Date("2026-10-25T01:10:00Z");
    expect(nextWorkingTime(who, second).toISOString()).toBe("2026-10-25T01:30:00.000Z");
  });

  test("come a week later when the week's only hour is leapt over", () => {
    const who = calendar("Europe/Berlin", "03:00-02:00", ["sun"]);
    expect(next(who, "2026-03-28T12:00:00")).toBe("2026-04-05T02:00:00+02:00");
    expect(next(who, "2026-03-22T04:00:00")).toBe("2026-04-05T02:00:00+02:00");
  });

  test("of a calendar that leaves none, or of no known zone, hold nobody up", () => {
    const at = new Date("2026-03-08T03:00:00Z");
    expect(nextWorkingTime(calendar("Europe/Berlin", null, []), at)).toBe(at);
    expect(nextWorkingTime(calendar("Europe/Atlantis", "18:00-08:00"), at)).toBe(at);
  });
});

test.each([
  ["18:00-08:00", { from: 1_080, to: 480 }],
  ["00:00-23:59", { from: 0, to: 1_439 }],
  ["12:00-12:00", null],
  ["18:00-24:00", null],
  ["8:00-18:00", null],
  ["18:00", null],
  ["18:00 - 08:00", null],
])("the window %s", (text, expected) => {
  expect(quietWindow(text)).toEqual(expected);
});

test.each([
  ["Europe/Berlin", true],
  ["UTC", true],
  ["Europe/Atlantis", false],
  ["", false],
])("is %s a time zone: %s", (name, expected) => {
  expect(isTimeZone(name)).toBe(expected);
});

// With changes by 30 minutes, by two hours, at midnight, in Ramadan and never.
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "America/Santiago",
  "Asia/Kathmandu",
  "Asia/Tokyo",
  "Australia/Lord_Howe",
  "Antarctica/Troll",
  "Africa/Casablanca",
  "Asia/Beirut",
  "Pacific/Chatham",
  "UTC",
];

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** At least three hours of work a day, which no change of the clocks leaps over. */
const calendars = fc
  .record({
    time_zone: fc.constantFrom(...ZONES),
    from: fc.integer({ min: 0, max: 1_439 }),
    length: fc.integer({ min: 1, max: 1_260 }),
    always: fc.boolean(),
    working_days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
  })
  .map(({ from, length, always, ...rest }): Calendar => ({
    ...rest,
    quiet: always ? null : `${clock(from)}-${clock((from + length) % 1_440)}`,
  }));

const anyTime = fc.date({ min: new Date("2024-01-01"), max: new Date("2035-01-01"), noInvalidDate: true });

/** Around the nights in which clocks are changed. */
const changes = fc
  .tuple(
    fc.constantFrom(
      "2026-03-08T07:00Z",
      "2026-03-29T01:00Z",
      "2026-04-04T15:00Z",
      "2026-09-06T04:00Z",
      "2026-10-03T15:30Z",
      "2026-10-25T01:00Z",
      "2026-11-01T06:00Z",
      "2027-02-07T02:00Z",
    ),
    fc.integer({ min: -2 * DAY, max: 2 * DAY }),
  )
  .map(([around, by]) => new Date(Date.parse(around) + by));

const times = fc.oneof(anyTime, changes);

/** As luxon reads the wall. */
function works({ time_zone, quiet, working_days }: Calendar, at: number): boolean {
  const wall = DateTime.fromMillis(at, { zone: time_zone });
  if (!working_days.includes(WEEKDAYS[wall.weekday % 7]!)) return false;
  if (quiet === null) return true;
  const now = wall.toFormat("HH:mm");
  const [from = "", to = ""] = quiet.split("-");
  return from < to ? now < from || now >= to : now >= to && now < from;
}

test("the next working time is working time, never earlier, within eight days, and its own next", () => {
  fc.assert(
    fc.property(calendars, times, (who, at) => {
      const found = nextWorkingTime(who, at);
      expect(isWorkingTime(who, found)).toBe(true);
      expect(works(who, found.getTime())).toBe(true);
      expect(found.getTime()).toBeGreaterThanOrEqual(at.getTime());
      expect(found.getTime() - at.getTime()).toBeLessThanOrEqual(8 * DAY);
      expect(nextWorkingTime(who, found)).toEqual(found);
      if (works(who, at.getTime())) expect(found).toEqual(at);
    }),
    runs(2_000),
  );
});

test("nothing before the next working time is working time", () => {
  fc.assert(
    fc.property(
      calendars,
      times,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (who, at, part) => {
        const found = nextWorkingTime(who, at).getTime();
        const between = Math.floor(at.getTime() + (found - at.getTime()) * part);
        if (between < found) expect(works(who, between)).toBe(false);
        if (found > at.getTime()) expect(works(who, Math.max(found - MINUTE, at.getTime()))).toBe(false);
        if (found > at.getTime()) expect(works(who, found - 1)).toBe(false);
      },
    ),
    runs(2_000),
  );
});
