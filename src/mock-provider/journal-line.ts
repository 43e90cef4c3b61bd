import { z } from "zod";
import { AppError } from "../errors.ts";

/** One change: account, kind, id, and the object's new form (`null`: gone). */
export type Change = readonly [account: string, kind: string, id: string, object: unknown];

const line = z.array(z.tuple([z.string(), z.string(), z.string(), z.unknown()]));

export const lineOf = (changes: readonly Change[]): string => `${JSON.stringify(changes)}\n`;

/** @throws AppError when the line is damaged: what a kill tears is only ever the last one, which has no end */
export function changesOf(text: string, file: string): Change[] {
  try {
    return line.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError(
      "internal",
      `The mock provider's journal ${file} is damaged: restore it, or move it away to begin with nothing.`,
      { cause },
    );
  }
}
