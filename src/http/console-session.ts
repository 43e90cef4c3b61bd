import Router from "@koa/router";
import type { Context } from "koa";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Keyring } from "../access/keyring.ts";
import type { Session, Sessions } from "../access/sessions.ts";
import type { SignInLinks } from "../access/sign-in-links.ts";
import type { SessionAnswer, SignedOutProblem, SignInWay } from "../contract/answers/sessions.ts";
import { askForLink, chooseTenant, signInWithKey } from "../contract/sessions.ts";
import type { SignInMethod } from "../db/console-sessions.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Authenticate } from "./auth.ts";
import { readForm, readJson } from "./body.ts";
import { consume } from "./rate-limit.ts";
import { goneLinkPage, PAGE_HEADERS, signInPage } from "./pages/index.ts";
import { isScripted, type RefuseForeign } from "./same-site.ts";
import type { SessionCookie } from "./session-cookie.ts";
import { validate } from "./validate.ts";

/** Tries to sign in per client address and minute. */
const TRIES_A_MINUTE = 30;
/** Links mailed to one address. */
const LINKS_AN_HOUR = 5;

export interface ConsoleSessionDeps {
  keyring: Keyring;
  sessions: Sessions;
  links: SignInLinks;
  cookie: SessionCookie;
  refuseForeign: RefuseForeign;
  authenticate: Authenticate;
  signIn: SignInWay[];
  /** What the console is told of the service. */
  about: Pick<SessionAnswer, "environment" | "mailbox" | "provider">;
  log: Log;
}

type RoutedContext = Context & { params: Record<string, string> };

/** Signing in to the console, and out. */
export function consoleSessionRoutes(deps: ConsoleSessionDeps): Router {
  const { sessions, cookie, authenticate, refuseForeign } = deps;
  const tries = new RateLimiterMemory({ points: TRIES_A_MINUTE, duration: 60 });
  const mails = new RateLimiterMemory({ points: LINKS_AN_HOUR, duration: 3_600 });
  return new Router()
    .get("/console/session", async (ctx) => {
      ctx.set("Cache-Control", "no-store");
      const caller = await authenticate(ctx.req);
      if (!caller?.session) return signedOut(ctx, deps);
      if (caller.session.session.due) {
        const token = await sessions.rotate(caller.session.token);
        if (token !== null) cookie.set(ctx, token);
      }
      ctx.body = present(caller.session.session, deps);
    })
    .post("/console/session", async (ctx) => {
      refuseForeign(ctx.req);
      await consume(tries, ctx.ip, "Too many tries to sign in from this address; try again later.");
      const { key } = validate(signInWithKey, await readJson(ctx));
      const holder = await deps.keyring.holderOf(key);
      if (!holder)
        throw new AppError("unauthorized", "The API key is not known, has expired or was revoked.");
      ctx.body = present(await beginSession(ctx, deps, { ...holder, method: "key" }), deps);
    })
    .post("/console/session/tenant", (ctx) => moveTo(ctx, deps))
    .delete("/console/session", async (ctx) => {
      const caller = await authenticate(ctx.req);
      if (caller?.session) await sessions.end(caller.session.token);
      cookie.clear(ctx);
      ctx.status = 204;
    })
    .post("/console/sign-in", async (ctx) => {
      refuseForeign(ctx.req);
      await consume(tries, ctx.ip, "Too many tries to sign in from this address; try again later.");
      const { email } = validate(askForLink, await readJson(ctx));
      // An answer that waited for the mail would tell operators from strangers.
      void mailLink(email, mails, deps);
      ctx.status = 202;
      ctx.body = { object: "sign_in", status: "accepted" };
    })
    .get("/console/sign-in/:token", (ctx) => showLink(ctx, deps))
    .post("/console/sign-in/:token", (ctx) => takeLink(ctx, deps));
}

/** Signs somebody in: what the browser had before is over, and it gets a cookie. */
export async function beginSession(
  ctx: Context,
  deps: Pick<ConsoleSessionDeps, "cookie" | "sessions" | "log">,
  who: { tenant: string; user: string; credential: string; method: SignInMethod },
): Promise<Session> {
  const { tenant, user, credential, method } = who;
  // Whatever token the browser had before is worth nothing afterwards (session fixation).
  const before = deps.cookie.read(ctx.req);
  if (before !== null) await deps.sessions.end(before);
  const token = await deps.sessions.begin({ tenant, user, credential, method });
  deps.cookie.set(ctx, token);
  deps.log.info({ tenant, user, method }, "signed in to the console");
  const session = await deps.sessions.find(token);
  if (!session) throw new AppError("conflict", "What you signed in with was revoked a moment ago.");
  ctx.set("Cache-Control", "no-store");
  return session;
}

/** An operator of several tenants goes on in another. Other tabs of the browser find that their token is old. */
async function moveTo(ctx: Context, deps: ConsoleSessionDeps): Promise<void> {
  const { sessions, cookie, authenticate, log } = deps;
  ctx.set("Cache-Control", "no-store");
  const caller = await authenticate(ctx.req);
  if (!caller?.session) return signedOut(ctx, deps);
  const { token, session } = caller.session;
  const { tenant } = validate(chooseTenant, await readJson(ctx));
  if (!session.tenants.some((place) => place.tenant === tenant))
    throw new AppError(
      "forbidden",
      "You have no place there; write one of `tenants` of GET /console/session.",
    );
  const next = await sessions.move(token, tenant);
  const moved = next === null ? null : await sessions.find(next);
  if (next === null || !moved) return signedOut(ctx, deps);
  cookie.set(ctx, next);
  log.info({ tenant, user: moved.user, from: session.tenant }, "went on in another tenant of the console");
  ctx.body = present(moved, deps);
}

async function mailLink(email: string, mails: RateLimiterMemory, { links, log }: ConsoleSessionDeps) {
  try {
    await mails.consume(email.toLowerCase());
    await links.send(email);
  } catch (error) {
    if (error instanceof Error) log.warn({ err: error }, "a sign-in link could not be made");
    else log.warn("sign-in links were asked for too often; none was mailed");
  }
}

/** Opening the link signs nobody in: mail scanners open links. */
async function showLink(ctx: RoutedContext, { links }: ConsoleSessionDeps): Promise<void> {
  ctx.set(PAGE_HEADERS);
  ctx.type = "html";
  const link = await links.look(ctx.params["token"] ?? "");
  ctx.status = link ? 200 : 404;
  ctx.body = link ? signInPage(link) : goneLinkPage();
}

async function takeLink(ctx: RoutedContext, deps: ConsoleSessionDeps): Promise<void> {
  deps.refuseForeign(ctx.req);
  await readForm(ctx);
  if (isScripted(ctx.req))
    throw new AppError("forbidden", "This was not sent by a click; open the link again and use its button.");
  const link = await deps.links.take(ctx.params["token"] ?? "");
  if (!link) {
    ctx.set(PAGE_HEADERS);
    ctx.type = "html";
    ctx.status = 404;
    ctx.body = goneLinkPage();
    return;
  }
  const { tenant, address } = link;
  await beginSession(ctx, deps, { tenant, user: address, credential: address, method: "mail" });
  ctx.redirect("/");
  ctx.status = 303;
}

function signedOut(ctx: Context, { signIn, about }: ConsoleSessionDeps): void {
  const problem = new AppError("unauthorized", "Nobody is signed in: POST /console/session with an API key.");
  ctx.status = problem.status;
  ctx.body = {
    ...problem.toProblem(ctx.path),
    sign_in: signIn,
    environment: about.environment,
  } satisfies SignedOutProblem;
  ctx.type = "application/problem+json";
}

const present = (
  { tenant, role, user, tenants, csrf, expires_at }: Session,
  { signIn, about }: ConsoleSessionDeps,
): SessionAnswer => ({
  object: "session",
  ...{ tenant, role, user, tenants, csrf },
  expires_at: expires_at.toISOString(),
  ...about,
  sign_in: signIn,
});
