import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Middleware } from "koa";
import type { Keyring } from "../access/keyring.ts";
import type { Session, Sessions } from "../access/sessions.ts";
import { inTenant } from "../db/tenant-scope.ts";
import { AppError } from "../errors.ts";
import type { Principal } from "./context.ts";
import type { RefuseForeign } from "./same-site.ts";
import type { SessionCookie } from "./session-cookie.ts";

/** Who asks, and how they showed it. */
export interface Caller extends Principal {
  /** Whom their requests are counted for. */
  credential?: string;
  /** Signed in to the console: the token of the cookie, and the session. */
  session?: { token: string; session: Session };
}

/**
 * Finds out who asks: by an API key, or by the console's cookie.
 * @throws AppError `forbidden` for a request with a cookie that another site may have made the browser send
 */
export type Authenticate = (request: IncomingMessage) => Caller | null | Promise<Caller | null>;

interface AuthDeps {
  keyring: Keyring;
  sessions: Sessions;
  cookie: SessionCookie;
  refuseForeign: RefuseForeign;
}

export function createAuthenticate({ keyring, sessions, cookie, refuseForeign }: AuthDeps): Authenticate {
  return async (request) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const [, key] = /^Bearer ([\x21-\x7e]{1,256})$/.exec(authorization) ?? [];
      return key === undefined ? null : keyring.holderOf(key);
    }
    const token = cookie.read(request);
    const session = token === null ? null : await sessions.find(token);
    if (token === null || !session) return null;
    refuseForeign(request);
    if (!isSafe(request)) mustShowToken(request, session);
    const { tenant, role, user } = session;
    return { tenant, role, user, credential: session.id, session: { token, session } };
  };
}

/** Guards everything behind it, which then sees the caller's tenant alone (`db/tenant-scope.ts`). */
export const authenticated =
  (authenticate: Authenticate, cookie?: SessionCookie, sessions?: Sessions): Middleware =>
  async (ctx, next) => {
    const found = await authenticate(ctx.req);
    if (!found)
      throw new AppError(
        "unauthorized",
        ctx.get("authorization")
          ? "The API key is not known."
          : "Send the header Authorization: Bearer KEY, or sign in to the console again.",
      );
    if (cookie && sessions && found.session?.session.due) {
      const token = await sessions.rotate(found.session.token);
      if (token !== null) cookie.set(ctx, token);
    }
    ctx.state["principal"] = found;
    await inTenant(found.tenant, next);
  };

/** https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 */
const isSafe = ({ method }: IncomingMessage): boolean =>
  method === "GET" || method === "HEAD" || method === "OPTIONS";

/** What another site can make a browser send comes with the cookie, and without this header. */
function mustShowToken({ headers }: IncomingMessage, { csrf }: Session): void {
  const shown = Buffer.from(String(headers["x-csrf-token"] ?? ""));
  const expected = Buffer.from(csrf);
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected))
    throw new AppError("forbidden", "Send the header X-CSRF-Token with `csrf` of GET /console/session.");
}
