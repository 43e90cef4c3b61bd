/** When the recorded orders were created, unix seconds: 2026-11-02 09:00:00 UTC. */
export const RECORDED_AT = 1_793_610_000;

/** A unix time that stands alone; ids and amounts (eight digits at most) do not match. */
const UNIX_TIME = /\b(?<!\.)\d{10}\b(?!\.)/g;
/** Events look back and ahead: expiry, evidence due, the age of what they tell of. */
const NEAR_S = 400 * 86_400;

/** Moves every unix time of the text that is within about a year of `from`: `to` says where, by the seconds since. */
export const shiftTimes = (text: string, from: number, to: (offset: number) => number): string =>
  text.replaceAll(UNIX_TIME, (digits) => {
    const offset = Number(digits) - from;
    return Math.abs(offset) > NEAR_S ? digits : String(to(offset));
  });
