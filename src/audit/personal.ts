import type { StoredEntry } from "../db/audit-index.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import { commitmentPaths, fits, readable, type PersonalValue } from "../domain/personal.ts";
import { parseEntry } from "./entry.ts";

/**
 * How an entry is shown:
 * - `sealed`: as it is hashed, with commitments in place of personal values
 * - `readable`: with the values in their places, `(erased)` where one is gone; its hash is that of the sealed entry
 * - `proof`: sealed, and beside that `personal: [{path, salt, value}]`, which is not part of what is hashed
 */
export type View = "sealed" | "readable" | "proof";

/** The entry's JSON text in that view. A text that is no entry stays as it is. */
export function viewText(
  { text, personal }: { text: string; personal: PersonalValue[] },
  view: View,
): string {
  if (view === "sealed") return text;
  const entry = parseEntry(text);
  if (entry === null || commitmentPaths(entry).length === 0) return text;
  return JSON.stringify(viewOf(entry, personal, view));
}

export function viewOf(entry: AuditEntry, personal: PersonalValue[], view: View): AuditEntry {
  if (view === "sealed" || commitmentPaths(entry).length === 0) return entry;
  return view === "readable" ? readable(entry, personal) : Object.assign({}, entry, { personal });
}

/** The entries of stored rows. What is gone from the streams or cannot be read is left out here, and named by `verify`. */
export const entriesOf = (rows: StoredEntry[]): { entry: AuditEntry; personal: PersonalValue[] }[] =>
  rows.flatMap(({ text, personal }) => {
    const entry = text === null ? null : parseEntry(text);
    return entry ? [{ entry, personal }] : [];
  });

/** What stands beside a page of sealed entries: by entry id and path, the value, or null where it was erased. */
export function valuesOf(
  rows: { entry: AuditEntry; personal: PersonalValue[] }[],
): Record<string, Record<string, string | null>> {
  const values = rows.flatMap(({ entry, personal }) => {
    const paths = commitmentPaths(entry);
    const of = (path: string) => personal.find((kept) => kept.path === path)?.value ?? null;
    return paths.length === 0
      ? []
      : [[entry.id, Object.fromEntries(paths.map((path) => [path, of(path)]))] as const];
  });
  return Object.fromEntries(values);
}

/** Whether what is stored beside an entry is what it commits to; and whether anything of it is gone. */
export function besideOf(
  entry: AuditEntry,
  { personal }: Pick<StoredEntry, "personal">,
): {
  misstated: boolean;
  withheld: boolean;
} {
  const kept = new Set(personal.map(({ path }) => path));
  return {
    misstated: !personal.every((value) => fits(entry, value)),
    withheld: commitmentPaths(entry).some((path) => !kept.has(path)),
  };
}
