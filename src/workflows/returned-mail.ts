import { isBounceKnown } from "../db/bounces.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { route } from "../engine/messages.ts";
import type { Log } from "../log.ts";
import type { Bounce } from "../mail/bounces.ts";

/**
 * Tells an approval that a mail of it came back, once: servers repeat a report whose answer they did not hear. Resolves after
 * the commit. One that has ended takes it too, and has it in its trail.
 */
export async function takeReturned(pool: Pool, bounce: Bounce, log: Log): Promise<void> {
  const { approval_id, number, recipient, status, diagnostic, permanent } = bounce;
  const key = `bounced:smtp:${number}:${recipient.toLowerCase()}:${status}`;
  const message = { type: "bounced", number, to: recipient, reason: diagnostic, permanent } as const;
  const dispatch = await inTransaction(pool, async (tx) =>
    (await isBounceKnown(tx, approval_id, key))
      ? null
      : (await route(tx, "approval", [{ to: approval_id, message, key }], log)).dispatch,
  );
  dispatch?.();
}
