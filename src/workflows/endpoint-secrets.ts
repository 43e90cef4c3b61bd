import type { Pool } from "../db/pool.ts";
import { listSealed, replaceSealed } from "../db/webhook-endpoints.ts";
import type { Log } from "../log.ts";
import { SealBroken, type Seal } from "../outbound/seal.ts";

/**
 * Seals with the first of LINK_SECRETS what an earlier one sealed, so that the earlier one can be taken out after the next
 * start. What none of them opens is told, and stays.
 */
export async function resealSecrets(pool: Pool, seal: Seal, log: Log): Promise<void> {
  for (const stored of await listSealed(pool)) {
    const { id, secret, previous_secret } = stored;
    const again = (sealed: string) =>
      seal.isCurrent(sealed) ? sealed : seal.close(seal.open(sealed, id), id);
    try {
      const now = { id, secret: again(secret), previous_secret: previous_secret && again(previous_secret) };
      if (now.secret !== secret || now.previous_secret !== previous_secret)
        await replaceSealed(pool, stored, now);
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      log.error({ err: error, endpoint_id: id }, "a webhook endpoint's secret cannot be read; rotate it");
    }
  }
}
