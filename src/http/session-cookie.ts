import type { IncomingMessage } from "node:http";
import type { Context } from "koa";

/** The cookie of a console's session. It lives as long as the browser is open, or the session, whichever is shorter. */
export interface SessionCookie {
  read(request: IncomingMessage): string | null;
  set(ctx: Context, token: string): void;
  clear(ctx: Context): void;
}

/**
 * Under https its name begins with `__Host-`, so that no other host or path can set it (RFC 6265bis, section 4.1.3.2). Strict: the
 * console's page comes without it, and what the page then asks for comes from the same site.
 */
export function createSessionCookie(publicUrl: string): SessionCookie {
  const secure = publicUrl.startsWith("https:");
  const name = secure ? "__Host-countersign" : "countersign";
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
  return {
    read: (request) => cookieOf(request, name),
    set: (ctx, token) => ctx.append("Set-Cookie", `${name}=${token}; ${attributes}`),
    clear: (ctx) => ctx.append("Set-Cookie", `${name}=; ${attributes}; Max-Age=0`),
  };
}

/** The first one of this name: with `__Host-` there is no other. */
export function cookieOf(request: IncomingMessage, name: string): string | null {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name && value) return value;
  }
  return null;
}
