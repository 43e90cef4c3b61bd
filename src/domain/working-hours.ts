import { tzOffset } from "@date-fns/tz";

/** In the order of `Date.getUTCDay`. */
export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** When somebody may be disturbed, by the clock on their own wall. */
export interface Calendar {
  /** IANA name, such as `Europe/Berlin`. */
  time_zone: string;
  /** Left alone from the first time to before the second, `HH:MM-HH:MM`, also across midnight; null: at no time of day. */
  quiet: string | null;
  working_days: Weekday[];
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const DAY_MINUTES = 1_440;

/** A week, and one more for a week's only hour that a change of the clocks left out. */
const LOOK_AHEAD_DAYS = 15;

/** Names that were looked up; only a lookup says whether there is such a zone, and it is slow. */
const known = new Set<string>();

/** Is it a time zone that we know? */
export function isTimeZone(name: string): boolean {
  if (known.has(name)) return true;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    known.add(name);
    return true;
  } catch {
    return false;
  }
}

/** `18:00-08:00` as minutes of the day; null for what is no window, also for one without length. */
export function quietWindow(text: string): { from: number; to: number } | null {
  const parts = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (!parts) return null;
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = parts.slice(1).map(Number);
  const window = { from: fromHour * 60 + fromMinute, to: toHour * 60 + toMinute };
  return window.from === window.to ? null : window;
}

/** Does this person's wall show a working day and no quiet hour? Always so without a calendar, or with one of no known zone. */
export function isWorkingTime(calendar: Calendar | undefined, at: Date): boolean {
  if (!calendar || !isTimeZone(calendar.time_zone)) return true;
  const wall = at.getTime() + offsetAt(calendar.time_zone, at.getTime());
  const weekday = WEEKDAYS[new Date(wall).getUTCDay()];
  if (!weekday || !calendar.working_days.includes(weekday)) return false;
  const window = calendar.quiet === null ? null : quietWindow(calendar.quiet);
  if (!window) return true;
  const minute = Math.floor(wall / MINUTE) % DAY_MINUTES;
  return window.from < window.to
    ? minute < window.from || minute >= window.to
    : minute >= window.to && minute < window.from;
}

/**
 * The same time when it is working time, else the next moment that is. Where the clocks go forward over the beginning of work,
 * it begins with the change; where they go back, an hour that is quiet is so twice. Without any working time: the same time.
 */
export function nextWorkingTime(calendar: Calendar | undefined, at: Date): Date {
  if (!calendar || isWorkingTime(calendar, at)) return at;
  const next = possibleBeginnings(calendar, at.getTime())
    .sort((a, b) => a - b)
    .find((time) => time > at.getTime() && isWorkingTime(calendar, new Date(time)));
  return next === undefined ? at : new Date(next);
}

/** Work begins at midnight, at the end of a quiet window, or when a change of the clocks leaps over either. */
function possibleBeginnings({ time_zone, quiet }: Calendar, from: number): number[] {
  const window = quiet === null ? null : quietWindow(quiet);
  const wallTimes = window ? [0, window.to] : [0];
  const firstDay = Math.floor((from + offsetAt(time_zone, from)) / DAY) * DAY;
  return Array.from({ length: LOOK_AHEAD_DAYS + 1 }, (_, n) => firstDay + n * DAY).flatMap((day) => {
    const before = offsetAt(time_zone, day - DAY);
    const after = offsetAt(time_zone, day + 2 * DAY);
    const times = wallTimes.map((minute) => day + minute * MINUTE);
    if (before === after) return times.map((wall) => wall - before);
    // One of the two is right, and both are where the clocks go back; whoever asks looks at the wall again.
    return [
      ...times.flatMap((wall) => [wall - before, wall - after]),
      changeBetween(time_zone, day - DAY, day + 2 * DAY),
    ];
  });
}

/** The first moment of the new offset. */
function changeBetween(zone: string, from: number, to: number): number {
  let [old, now] = [from, to];
  const before = offsetAt(zone, from);
  while (now - old > 1) {
    const middle = Math.floor((old + now) / 2);
    if (offsetAt(zone, middle) === before) old = middle;
    else now = middle;
  }
  return now;
}

/** What the zone's clocks are ahead of UTC, in milliseconds. */
const offsetAt = (zone: string, at: number): number => tzOffset(zone, new Date(at)) * MINUTE;
