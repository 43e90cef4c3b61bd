import { z } from "zod";

export const time = z.iso.datetime();
export const amount = z.int().describe("in the currency's minor unit");
export const currency = z.string().describe("ISO 4217, lower case");

/** What every body's `data` begins with. */
export const about = <Name extends string>(object: Name, prefix: string) => ({
  id: z.string().regex(new RegExp(`^${prefix}_`)),
  object: z.literal(object),
  version: z.literal(1).describe("of this shape: fields may be added to it, and none changes its meaning"),
  seq: z.int().min(0).describe("rises within one order: whoever has seen a higher one knows something newer"),
});

/** The types of a catalogue, as a schema. */
export const typeOf = <Type extends string>(catalogue: Record<Type, string>) =>
  z.enum(Object.keys(catalogue) as Type[]);

/** The body of a webhook: the payload of Standard Webhooks. */
export const eventOf = <Type extends z.ZodType, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({ type, timestamp: time.describe("when it happened"), data });
