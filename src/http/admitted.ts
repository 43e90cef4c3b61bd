import type { IncomingMessage } from "node:http";
import type { Authenticate } from "./auth.ts";
import type { Principal } from "./context.ts";

/** What a process knows of a key is two seconds old at most: a follower is let go within five of its revocation. */
const LOOK_EVERY_MS = 2_500;

/**
 * Aborts when a connection that goes on for long may not any more: its key was revoked, its session is over, or its role is another.
 * A database that cannot be asked is no reason.
 * @param gone aborts when the client has gone; then nobody is looked after any more
 */
export function admission(
  authenticate: Authenticate,
  request: IncomingMessage,
  { tenant, role }: Pick<Principal, "tenant" | "role">,
  gone: AbortSignal,
): AbortSignal {
  const over = new AbortController();
  const end = () => clearInterval(timer);
  const look = async () => {
    const caller = await authenticate(request);
    if (caller?.tenant === tenant && caller.role === role) return;
    end();
    over.abort();
  };
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
  if (gone.aborted) end();
  gone.addEventListener("abort", end, { once: true });
  return over.signal;
}
