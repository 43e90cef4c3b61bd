import { z } from "zod";

/** RFC 3339, UTC, with milliseconds. */
export const time = z.iso.datetime();
/** An integer in the currency's minor unit. */
export const money = z.int();
export const currency = z.string().regex(/^[a-z]{3}$/);
/** SHA-256, hex. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);
export const idOf = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{26}$`));

/** A page of a list; `id` names it in the document. */
export const listOf = <Item extends z.ZodType>(item: Item, id: string) =>
  z
    .object({
      object: z.literal("list"),
      data: z.array(item),
      has_more: z.boolean(),
      next_cursor: z.string().nullable(),
    })
    .meta({ id });
