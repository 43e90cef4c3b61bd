import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Router from "@koa/router";
import { send } from "@koa/send";
import type { Context, Next } from "koa";

/** Every page of the console: the page finds out for itself what to show. `/` is `systemRoutes`' when there is no console. */
const PAGES = [
  "/",
  "/sign-in",
  "/orders",
  "/orders/new",
  "/orders/:id",
  "/approvals",
  "/approvals/:id",
  "/webhooks",
  "/endpoints",
  "/endpoints/:id",
  "/health",
  "/reconciliations",
  "/mailbox",
];

/** A received webhook's; `/webhooks/stripe` is the provider's. */
const WEBHOOK_PAGE = /^\/webhooks\/whi_\w+$/;

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** In the built page where the nonce of its style elements goes (Vite's `html.cspNonce`). */
const NONCE = "__CSP_NONCE__";

/**
 * The console's built files. Its scripts, styles and requests are our own and nothing else's; a style element needs the page's nonce.
 * @param directory with its `index.html` and `assets/`; while there is none, `/` is the page of links
 */
export function consoleRoutes(directory: string): Router {
  const page = async (ctx: Context, next: Next) => {
    const index = join(directory, "index.html");
    // Looked for anew, so that what is built while the service runs is there.
    if (hasConsole(directory) && !isTimeline(ctx)) await sendPage(ctx, index);
    else await next();
  };
  return new Router()
    .get(PAGES, page)
    .get(WEBHOOK_PAGE, page)
    .get("/assets/*file", async (ctx, next) => {
      // A file's name is its content's: what is at a name never changes.
      if (existsSync(join(directory, ctx.path)))
        await send(ctx, ctx.path, { root: directory, maxage: YEAR_MS, immutable: true });
      else await next();
    })
    .get(["/favicon.svg", "/favicon.ico"], async (ctx, next) => {
      if (existsSync(join(directory, ctx.path)))
        await send(ctx, ctx.path, { root: directory, maxage: HOUR_MS });
      else await next();
    });
}

/** A shared link to an order's timeline has the URL of the order's page, and a token (`timeline.ts`). */
const isTimeline = ({ path, query }: Context): boolean =>
  path.startsWith("/orders/") && query["t"] !== undefined;

export const hasConsole = (directory: string): boolean => existsSync(join(directory, "index.html"));

async function sendPage(ctx: Context, index: string): Promise<void> {
  const nonce = randomBytes(16).toString("base64");
  ctx.set({
    "Cache-Control": "no-store",
    "Content-Security-Policy": policy(nonce),
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
  });
  ctx.type = "html";
  ctx.body = (await readFile(index, "utf8")).replaceAll(NONCE, nonce);
}

/** Attributes of style may be anything: they cannot load what `img-src` and `font-src` forbid. */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "frame-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
