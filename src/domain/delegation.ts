import type { Delegation } from "./approval.ts";
import { normalisedAddress } from "./address.ts";

/** A year that has a leap day: nobody counts days by hand. */
const LONGEST_MS = 366 * 86_400_000;

const isSame = (a: string, b: string): boolean => normalisedAddress(a) === normalisedAddress(b);

/** Why a delegation cannot be made: the field at fault, and what to do. */
export interface DelegationObstacle {
  path: "to" | "starts_at" | "ends_at";
  message: string;
}

/** What is wrong with a delegation by itself; null: nothing. */
export function delegationObstacle(
  { from, to, starts_at, ends_at }: Pick<Delegation, "from" | "to" | "starts_at" | "ends_at">,
  now: Date,
): DelegationObstacle | null {
  const [start, end] = [Date.parse(starts_at), Date.parse(ends_at)];
  if (isSame(from, to))
    return { path: "to", message: "is the same person as from; name somebody else to decide meanwhile" };
  if (end <= start) return { path: "ends_at", message: "must be after starts_at" };
  if (end - start > LONGEST_MS)
    return { path: "ends_at", message: "must be at most a year after starts_at; make another one later" };
  if (end <= now.getTime()) return { path: "ends_at", message: "must be in the future" };
  return null;
}

/** Another delegation of the same person at the same time: one person at a time stands in for somebody. */
export const overlapping = (
  existing: readonly Delegation[],
  { from, starts_at, ends_at }: Pick<Delegation, "from" | "starts_at" | "ends_at">,
): Delegation | null =>
  existing.find(
    (other) =>
      isSame(other.from, from) &&
      Date.parse(other.starts_at) < Date.parse(ends_at) &&
      Date.parse(starts_at) < Date.parse(other.ends_at),
  ) ?? null;

export type DelegationStatus = "scheduled" | "active" | "ended";

export const delegationStatus = (
  { starts_at, ends_at }: Pick<Delegation, "starts_at" | "ends_at">,
  now: Date,
): DelegationStatus =>
  now.getTime() < Date.parse(starts_at)
    ? "scheduled"
    : now.getTime() < Date.parse(ends_at)
      ? "active"
      : "ended";
