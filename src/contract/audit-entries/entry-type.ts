import type { z } from "zod";
import type { Actor } from "../../domain/audit-entry.ts";

/** One type of entry: what it says, who may be its actor, and what its data holds. */
export interface EntryType {
  /** What has happened, in a sentence. */
  says: string;
  actors: Actor["type"][];
  data: z.ZodObject;
}

export type EntryTypes = Record<string, EntryType>;
