import Koa from "koa";
import helmet from "koa-helmet";
import Router from "@koa/router";
import { AppError } from "../errors.ts";
import type { Pool } from "../db/pool.ts";
import type { DevMailbox } from "../mail/dev-mailbox.ts";
import { approvalRoutes } from "./approvals.ts";
import { delegationRoutes } from "./delegations.ts";
import { devRoutes } from "./dev.ts";
import { eraseRoutes } from "./erase.ts";
import { identified } from "./identified.ts";
import { inboxRoutes } from "./inbox.ts";
import { linkRoutes } from "./links.ts";
import { orderEventRoutes } from "./order-events.ts";
import { orderMessageRoutes } from "./order-messages.ts";
import { orderRoutes, type OrderRoutesDeps } from "./orders.ts";
import { problems } from "./problems.ts";
import { refundRoutes } from "./refunds.ts";
import { probeRoutes, systemRoutes, type ProbeDeps, type SystemDeps } from "./system.ts";
import { webhookRoutes, type WebhookDeps } from "./webhooks.ts";

export interface AppDeps extends OrderRoutesDeps, WebhookDeps, SystemDeps {
  /** They let in who may use the API, and say who it is. */
  guards: Koa.Middleware[];
  /** What is below /v1 reads and writes by it: rows of the caller's tenant alone. */
  tenantPool: Pool;
  mailbox: DevMailbox | null;
  /** Aborted when the service was asked to stop, and serves on until it stops. */
  leaving: AbortSignal;
  /** Aborted when the service begins to stop. */
  stopping: AbortSignal;
  /** The console, which is asked first. */
  console: Router[];
  /** Further resources below /v1, and further open paths. */
  resources: Router[];
  open: Router[];
}

/** Every request's way, top to bottom. */
export function createApp(deps: AppDeps): Koa {
  const app = createBase(deps);

  for (const open of [
    webhookRoutes(deps),
    linkRoutes(deps),
    ...deps.console,
    systemRoutes(deps),
    probeRoutes(deps),
    ...deps.open,
  ])
    mount(app, open);
  if (deps.mailbox) mount(app, devRoutes(deps.mailbox));

  const api = new Router({ prefix: "/v1" });
  api.use(uncached, ...deps.guards);
  const { tenantPool: pool, log } = deps;
  const ofTenant = { ...deps, pool };
  for (const routes of [
    orderRoutes(ofTenant),
    orderEventRoutes(pool, deps.stopping),
    orderMessageRoutes(ofTenant),
    refundRoutes(ofTenant),
    eraseRoutes(pool, log),
    approvalRoutes(pool, log),
    delegationRoutes(pool, log),
    inboxRoutes({ pool, replayPool: deps.pool, sources: deps.sources, log }),
    ...deps.resources,
  ])
    api.use(routes.routes());
  mount(app, api);
  return app;
}

/** What no page has said otherwise about: an answer that a browser is made to show runs and loads nothing. */
const NOTHING = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

/** What a key may read is nothing for a cache on the way. */
const uncached: Koa.Middleware = (ctx, next) => {
  ctx.set("Cache-Control", "no-store");
  return next();
};

type BaseDeps = Pick<AppDeps, "log" | "metrics" | "leaving" | "stopping">;

/** A process that takes no requests still says how it is doing. */
export function createWorkerApp(deps: BaseDeps & ProbeDeps): Koa {
  const app = createBase(deps);
  mount(app, probeRoutes(deps));
  return app;
}

/** What every request passes through, whatever it is for. */
export function createBase({ log, metrics, leaving, stopping }: BaseDeps): Koa {
  const app = new Koa();
  // What reaches Koa itself is a connection that broke off: every other error is answered below.
  app.on("error", (error: unknown) => log.debug({ err: error }, "a connection broke off"));
  app.use(identified(log, metrics));
  app.use(problems(log));
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: NOTHING } }));
  app.use(draining(leaving, stopping));
  return app;
}

/** A wrong method is told the right ones; `problems` writes the body. */
function mount(app: Koa, router: Router): void {
  app.use(router.routes());
  app.use(router.allowedMethods());
}

/**
 * Who is leaving serves on, and closes each connection behind its answer, so that the client's next request goes elsewhere.
 * While stopping, requests that are under way end, and new ones are sent elsewhere.
 */
const draining =
  (leaving: AbortSignal, stopping: AbortSignal): Koa.Middleware =>
  async (ctx, next) => {
    if (leaving.aborted || stopping.aborted) ctx.set("Connection", "close");
    if (stopping.aborted) {
      if (ctx.path !== "/healthz" && ctx.path !== "/readyz")
        throw new AppError("shutting_down", "This process is stopping; send the request again.", {
          retryAfter: 1,
        });
    }
    await next();
  };
