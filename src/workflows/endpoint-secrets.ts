import type { Pool } from "../db/pool.ts";
import { listSealed, replaceSealed } from "../db/webhook-endpoints.ts";
import type { Log } from "../log.ts";
import { SealBroken, type Seal } from "../seal.ts";

/**
 * The secrets of an endpoint that sign now. What none of our keys opens is told and left out: after a rotation the new one
 * signs, though the one before cannot be read.
 */
export const openSecrets = (
  seal: Seal,
  { endpoint_id, secrets }: { endpoint_id: string; secrets: readonly string[] },
  log: Log,
): string[] =>
  secrets.flatMap((sealed) => ifReadable(() => [seal.open(sealed, endpoint_id)], endpoint_id, log) ?? []);

/**
 * Seals with the first of LINK_SECRETS what an earlier one sealed, so that the earlier one can be taken out after the next
 * start. What none of them opens is told, and stays: the two of an endpoint do not depend on each other.
 */
export async function resealSecrets(pool: Pool, seal: Seal, log: Log): Promise<void> {
  for (const stored of await listSealed(pool)) {
    const { id, secret, previous_secret } = stored;
    const again = (sealed: string) =>
      seal.isCurrent(sealed)
        ? sealed
        : (ifReadable(() => seal.close(seal.open(sealed, id), id), id, log) ?? sealed);
    const now = { id, secret: again(secret), previous_secret: previous_secret && again(previous_secret) };
    if (now.secret !== secret || now.previous_secret !== previous_secret)
      await replaceSealed(pool, stored, now);
  }
}

/** Null, and said in the log, when no key of ours opens it. */
function ifReadable<T>(read: () => T, endpoint_id: string, log: Log): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    log.error({ err: error, endpoint_id }, "a webhook endpoint's secret cannot be read; rotate it");
    return null;
  }
}
