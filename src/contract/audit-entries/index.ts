import { z } from "zod";
import { APPROVAL_ENTRIES } from "./approvals.ts";
import type { EntryType } from "./entry-type.ts";
import { ORDER_ENTRIES } from "./orders.ts";
import { PAYMENT_ENTRIES } from "./payments.ts";
import { REFUND_ENTRIES } from "./refunds.ts";
import { WORK_ENTRIES } from "./work.ts";

export type { EntryType } from "./entry-type.ts";

/** Every type of entry that a trail can hold. A type is never renamed and its fields keep their meaning: trails are kept. */
export const ENTRY_TYPES: Readonly<Record<string, EntryType>> = {
  ...ORDER_ENTRIES,
  ...PAYMENT_ENTRIES,
  ...REFUND_ENTRIES,
  ...APPROVAL_ENTRIES,
  ...WORK_ENTRIES,
};

export const entryType = (type: string): EntryType | undefined =>
  Object.hasOwn(ENTRY_TYPES, type) ? ENTRY_TYPES[type] : undefined;

/** One type as the API shows it; `data` is a JSON Schema (draft 2020-12). */
export interface PublishedEntryType {
  type: string;
  says: string;
  actors: string[];
  data: unknown;
}

export const publishedEntryTypes = (): PublishedEntryType[] =>
  Object.entries(ENTRY_TYPES).map(([type, { says, actors, data }]) => ({
    type,
    says,
    actors,
    // As input: further fields may come.
    data: z.toJSONSchema(data, { io: "input", target: "draft-2020-12" }),
  }));

/** In place of a text that is personal. */
const COMMITMENT = z.strictObject({ commitment: z.string().regex(/^[0-9a-f]{64}$/) });

const withText = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withText);
  if (typeof value !== "object" || value === null) return value;
  if (COMMITMENT.safeParse(value).success) return "(kept beside the trail)";
  return Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, withText(inside)]));
};

/**
 * In which ways an entry is not what the catalogue says, in words; none when it is. `data` may hold nothing else than what is
 * documented: this is what the service holds itself to, a reader should take fields that it does not know.
 */
export function departures(entry: { type: string; actor: { type: string }; data: unknown }): string[] {
  const known = entryType(entry.type);
  if (!known) return [`${entry.type} is not in the catalogue`];
  const actors: string[] = known.actors;
  const { error } = known.data.strict().safeParse(withText(entry.data));
  return [
    ...(actors.includes(entry.actor.type) ? [] : [`${entry.type}: actor ${entry.actor.type}`]),
    ...(error?.issues ?? []).map(
      ({ path, message }) => `${entry.type}: ${["data", ...path].join(".")}: ${message}`,
    ),
  ];
}
