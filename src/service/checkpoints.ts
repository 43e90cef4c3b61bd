import { loadKeys } from "../audit/checkpoint-key.ts";
import { parseCheckpoint } from "../audit/checkpoint-text.ts";
import { startCheckpoints, type Checkpoints } from "../audit/checkpoints.ts";
import type { Config } from "../config.ts";
import type { Pool } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { checkpointMail } from "../mail/templates/index.ts";
import type { Mailer } from "../mail/transport.ts";

/** @returns null when none are made */
export async function startCheckpointsOf(
  { checkpoints, dataDir, production }: Config,
  pool: Pool,
  mailer: Mailer,
  log: Log,
): Promise<Checkpoints | null> {
  if (checkpoints === null) {
    if (production)
      log.warn("no checkpoints of the audit trail are made: set CHECKPOINT_KEY_FILE to have them");
    return null;
  }
  const { everyS, keyFile, dir, email } = checkpoints;
  const mail = async (statement: string): Promise<boolean> => {
    const checkpoint = parseCheckpoint(statement);
    const { outcome } = await mailer.send({
      ...checkpointMail({ ...checkpoint, statement }),
      to: email ?? "",
      messageId: `<checkpoint.${checkpoint.hash}@countersign>`,
      date: checkpoint.at,
    });
    // An address that refuses it will not take it later either; the files go on.
    if (outcome === "refused") log.error({ checkpoint: checkpoint.number }, "CHECKPOINT_EMAIL refuses mail");
    return outcome !== "deferred";
  };
  const keys = await loadKeys(keyFile, dataDir);
  return startCheckpoints({
    ...{ pool, keys, dir, everyMs: everyS * 1000, log },
    ...(email === null ? {} : { mail }),
  });
}
