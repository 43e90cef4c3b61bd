import { resolve } from "node:path";
import { z } from "zod";
import type { Values } from "./values.ts";

// Signed statements over the audit trails.

export const checkpointSettings = {
  CHECKPOINT_EVERY_S: z
    .union(
      [z.literal("off"), z.coerce.number().int().min(1).max(86_400)],
      "write seconds, from 1 to 86400, or off",
    )
    .default(3600),
  CHECKPOINT_KEY_FILE: z.string().min(1).optional(),
  CHECKPOINT_DIR: z.string().min(1).optional(),
  CHECKPOINT_EMAIL: z.email("write one address, such as auditor@example.com").optional(),
};

export interface CheckpointConfig {
  /**
   * Null: none are made. `keyFile` null: a key is made in the data directory, which in production is refused, since there the
   * key has to be kept where the database is not.
   */
  checkpoints: { everyS: number; keyFile: string | null; dir: string; email: string | null } | null;
}

export function checkpointConfig(
  raw: Values<typeof checkpointSettings>,
  { production, dataDir, cwd }: { production: boolean; dataDir: string; cwd: string },
): CheckpointConfig {
  const everyS = raw.CHECKPOINT_EVERY_S;
  const keyFile = raw.CHECKPOINT_KEY_FILE ? resolve(cwd, raw.CHECKPOINT_KEY_FILE) : null;
  if (everyS === "off" || (production && keyFile === null)) return { checkpoints: null };
  const dir = raw.CHECKPOINT_DIR ? resolve(cwd, raw.CHECKPOINT_DIR) : resolve(dataDir, "checkpoints");
  return { checkpoints: { everyS, keyFile, dir, email: raw.CHECKPOINT_EMAIL ?? null } };
}
