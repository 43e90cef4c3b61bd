import { z } from "zod";

/** What every list takes: `limit` 1..100 (default 20), and an opaque `cursor` from the page before. */
export const paging = {
  limit: z.coerce
    .number("must be a number from 1 to 100")
    .int("must be an integer")
    .min(1, "must be at least 1")
    .max(100, "must be at most 100")
    .default(20),
  cursor: z
    .string()
    .transform((cursor, ctx) => {
      const text = Buffer.from(cursor, "base64url").toString("utf8");
      if (/^v1:[a-z]{3}_[0-9a-z]{1,40}$/.test(text)) return text.slice(3);
      ctx.addIssue("is not a cursor of ours; leave it out to begin with the first page");
      return z.NEVER;
    })
    .optional(),
};

export const cursorOf = (id: string): string => Buffer.from(`v1:${id}`).toString("base64url");

export interface List<T> {
  object: "list";
  data: T[];
  has_more: boolean;
  next_cursor: string | null;
}

/** A page out of `limit + 1` rows: the one too many says that there is more. */
export function listOf<Row extends { id: string }, T>(
  rows: Row[],
  limit: number,
  present: (row: Row) => T,
): List<T> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const has_more = rows.length > limit;
  return {
    object: "list",
    data: page.map(present),
    has_more,
    next_cursor: has_more && last ? cursorOf(last.id) : null,
  };
}
