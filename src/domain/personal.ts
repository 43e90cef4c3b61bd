import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { AuditDraft } from "./audit-entry.ts";
import { type Customer, personalFields } from "./personal-fields.ts";
import { storableJson } from "./storable.ts";

/**
 * What stands in an entry in place of a personal value: the entry's hash covers it, so that the value is proven while it is
 * kept, and can be taken away without a trace of it in the chain.
 */
export interface Commitment {
  commitment: string;
}

/** A personal value beside its entry. `path`: a JSON Pointer (RFC 6901) into the entry, such as `/data/comment`. */
export interface PersonalValue {
  path: string;
  /** 128 random bits, 32 hex digits: without them a short value could be guessed from its commitment. */
  salt: string;
  value: string;
}

/** What is shown where a value was erased. */
export const ERASED = "(erased)";

/** SHA-256 (hex) of the salt's 32 hex digits followed by the RFC 8785 canonical JSON of the value. */
export const commitmentOf = ({ salt, value }: Pick<PersonalValue, "salt" | "value">): string =>
  createHash("sha256")
    .update(`${salt}${canonicalize(value)}`)
    .digest("hex");

export const isCommitment = (value: unknown): value is Commitment =>
  typeof value === "object" &&
  value !== null &&
  Object.keys(value).length === 1 &&
  "commitment" in value &&
  typeof value.commitment === "string" &&
  /^[0-9a-f]{64}$/.test(value.commitment);

/**
 * Puts commitments into an entry in place of its personal values, and hands those out with their salts. `salt` gives a new one
 * at each call: 32 hex digits.
 */
export function sealDraft(
  draft: AuditDraft,
  customers: Customer[],
  salt: () => string,
): { draft: AuditDraft; personal: PersonalValue[] } {
  const paths = personalFields(draft, customers);
  if (paths.length === 0) return { draft, personal: [] };
  const sealed = JSON.parse(storableJson(draft)) as AuditDraft;
  const personal = paths.flatMap((path): PersonalValue[] => {
    const place = placeOf(sealed, path);
    const value = place?.get();
    if (!place || typeof value !== "string") return [];
    const kept = { path, salt: salt(), value };
    place.set({ commitment: commitmentOf(kept) });
    return [kept];
  });
  return { draft: sealed, personal };
}

/** The draft with its personal values gone, for one that is told late of an order whose data was erased. */
export function maskDraft(draft: AuditDraft, customers: Customer[] = []): AuditDraft {
  const paths = personalFields(draft, customers);
  if (paths.length === 0) return draft;
  const masked = structuredClone(draft);
  for (const path of paths) placeOf(masked, path)?.set(ERASED);
  return masked;
}

/** How many personal values stand in an entry itself: of one that was written before values were kept beside it. */
export const plainValues = (entry: Pick<AuditDraft, "type" | "data">, customers: Customer[]): number =>
  personalFields(entry, customers).filter((path) => {
    const value = placeOf(entry, path)?.get();
    return typeof value === "string" && value !== ERASED;
  }).length;

/** The entry as people read it: values in their places, `(erased)` where one is gone. Its hash is that of the sealed one. */
export function readable<Entry extends { data: unknown }>(
  entry: Entry,
  personal: readonly PersonalValue[],
): Entry {
  const paths = commitmentPaths(entry);
  if (paths.length === 0) return entry;
  const shown = structuredClone(entry);
  for (const path of paths)
    placeOf(shown, path)?.set(personal.find((kept) => kept.path === path)?.value ?? ERASED);
  return shown;
}

/** Where commitments stand in an entry, as JSON Pointers. */
export function commitmentPaths(entry: { data: unknown }): string[] {
  const within = (value: unknown, path: string): string[] => {
    if (typeof value !== "object" || value === null) return [];
    if (isCommitment(value)) return [path];
    return Object.entries(value).flatMap(([key, inside]) => within(inside, `${path}/${escaped(key)}`));
  };
  return within(entry.data, "/data");
}

/** Whether the entry has this value's commitment at this place. */
export function fits(entry: object, kept: PersonalValue): boolean {
  const place = placeOf(entry, kept.path)?.get();
  return isCommitment(place) && place.commitment === commitmentOf(kept);
}

const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** What a JSON Pointer leads to; null when it leads nowhere. */
function placeOf(root: object, pointer: string): { get(): unknown; set(value: unknown): void } | null {
  const keys = pointer.split("/").slice(1);
  const last = keys.pop()?.replaceAll("~1", "/").replaceAll("~0", "~");
  let at: unknown = root;
  for (const key of keys) {
    const name = key.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return null;
    at = (at as Record<string, unknown>)[name];
  }
  if (last === undefined || typeof at !== "object" || at === null || !Object.hasOwn(at, last)) return null;
  const holder = at as Record<string, unknown>;
  return { get: () => holder[last], set: (value) => void (holder[last] = value) };
}
