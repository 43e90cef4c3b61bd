import { z } from "zod";

/** What settings come to. */
export type Values<Settings extends z.ZodRawShape> = z.output<z.ZodObject<Settings>>;

// How the values of several settings are read. Each message is the remedy.

export const port = (remedy: string) => z.coerce.number(remedy).int(remedy).min(0, remedy).max(65535, remedy);

export const url = (protocols: string[]) =>
  z.string().refine(
    (text) => {
      const parsed = URL.parse(text);
      return parsed !== null && protocols.includes(parsed.protocol);
    },
    `write a URL that begins with ${protocols.map((p) => `${p}//`).join(" or ")}`,
  );

/** Several, separated by commas, of which each must be valid. */
export const secretList = (valid: (secret: string) => boolean, remedy: string) =>
  z
    .string()
    .transform((text) => text.split(",").map((secret) => secret.trim()))
    .refine((secrets) => secrets.every(valid), remedy);

/** A number of a unit, within bounds. */
export const amountOf = (unit: string, least: number, most: number) => {
  const remedy = `write ${unit}, from ${least} to ${most}`;
  return z.coerce.number(remedy).min(least, remedy).max(most, remedy);
};
