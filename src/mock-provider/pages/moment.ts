/** `2026-11-23 02:03:31`, of milliseconds; the provider's clock is in UTC. */
export const moment = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace("T", " ");

const UNITS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
] as const;

/** `8 s`, `2 min`, `3 h`, `4 d`: as much as a glance needs. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const unit = UNITS.find(([length]) => seconds >= 2 * length);
  return unit ? `${Math.round(seconds / unit[0])} ${unit[1]}` : `${seconds} s`;
}
