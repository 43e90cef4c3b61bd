import { listCallbackSecrets, replaceCallbackSecret } from "../db/approvals.ts";
import { maskResponses } from "../db/idempotency-keys.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { resealedCallbackSecret } from "../outbound/callback-secret.ts";
import { SealBroken, type Seal } from "../seal.ts";

/**
 * Seals the secrets of callbacks that may still be posted with the first of LINK_SECRETS: those that an earlier one sealed, and
 * those that an earlier release stored as they are, also in the kept answer. What none of the keys opens is told, and stays.
 */
export async function resealCallbacks(pool: Pool, seal: Seal, log: Log): Promise<void> {
  for (const { id, secret } of await listCallbackSecrets(pool)) {
    try {
      const sealed = resealedCallbackSecret(seal, id, secret);
      if (sealed === secret) continue;
      await inTransaction(pool, async (tx) => {
        await replaceCallbackSecret(tx, id, { was: secret, now: sealed });
        await maskResponses(tx, [id], (response) => withSecret(response, sealed));
      });
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      log.error({ err: error, approval_id: id }, "the secret of an approval's callback cannot be read");
    }
  }
}

function withSecret(response: unknown, secret: string): unknown {
  const answer = response as { callback?: object | null };
  return answer.callback ? { ...answer, callback: { ...answer.callback, secret } } : answer;
}
