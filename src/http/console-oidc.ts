import Router from "@koa/router";
import type { Context } from "koa";
import { z } from "zod";
import type { Operators } from "../access/operators.ts";
import type { Departure, SingleSignOn } from "../access/single-sign-on.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { requestId } from "./context.ts";
import { errorPage, PAGE_HEADERS } from "./pages/index.ts";
import { cookieOf } from "./session-cookie.ts";

interface ConsoleOidcDeps {
  singleSignOn: SingleSignOn;
  operators: Operators;
  /** Signs in: sets the session's cookie. */
  begin: (ctx: Context, who: { tenant: string; address: string }) => Promise<void>;
  publicUrl: string;
  log: Log;
}

/** How long somebody may take at the provider. */
const AWAY_S = 600;

const departed = z.object({ state: z.string(), nonce: z.string(), verifier: z.string() });

/**
 * Single sign-on at the console. `GET /console/oidc` sends the browser to the provider, which sends it back to
 * `GET /console/oidc/callback`: only the browser that left is let in when it comes back.
 */
export function consoleOidcRoutes({
  singleSignOn,
  operators,
  begin,
  publicUrl,
  log,
}: ConsoleOidcDeps): Router {
  const secure = publicUrl.startsWith("https:");
  const name = secure ? "__Host-countersign-oidc" : "countersign-oidc";
  // Lax, since it has to come along when the provider sends the browser back.
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
  return new Router()
    .get("/console/oidc", (ctx) =>
      orPage(ctx, log, async () => {
        const { url, departure } = await singleSignOn.leave();
        const kept = Buffer.from(JSON.stringify(departure)).toString("base64url");
        ctx.append("Set-Cookie", `${name}=${kept}; ${attributes}; Max-Age=${AWAY_S}`);
        ctx.set("Cache-Control", "no-store");
        ctx.redirect(url);
      }),
    )
    .get("/console/oidc/callback", (ctx) =>
      orPage(ctx, log, async () => {
        const departure = departureOf(cookieOf(ctx.req, name));
        ctx.append("Set-Cookie", `${name}=; ${attributes}; Max-Age=0`);
        if (!departure)
          throw new AppError(
            "unauthorized",
            "This browser did not begin to sign in, or too long ago; try again.",
          );
        const address = await singleSignOn.arrive(new URL(ctx.href), departure);
        const [place] = operators.placesOf(address);
        if (!place)
          throw new AppError(
            "forbidden",
            `${address} is no operator here; an administrator can add it to OPERATORS.`,
          );
        await begin(ctx, { tenant: place.tenant, address: place.address });
        ctx.redirect("/");
        ctx.status = 303;
      }),
    );
}

function departureOf(kept: string | null): Departure | null {
  if (kept === null) return null;
  try {
    return departed.parse(JSON.parse(Buffer.from(kept, "base64url").toString("utf8")));
  } catch {
    return null;
  }
}

/** A person has followed a link: what is wrong is said on a page. */
async function orPage(ctx: Context, log: Log, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.warn({ err: error, request_id: requestId(ctx) }, "somebody could not sign in by single sign-on");
    ctx.set(PAGE_HEADERS);
    ctx.type = "html";
    ctx.status = error.status;
    ctx.body = errorPage({
      title: "You are not signed in",
      message: error.message,
      request_id: requestId(ctx),
    });
  }
}
