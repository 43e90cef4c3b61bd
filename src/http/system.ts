import Router from "@koa/router";
import { openApi } from "../contract/openapi.ts";
import type { Pool } from "../db/pool.ts";
import type { Metrics } from "../observe/metrics.ts";
import { landingPage, PAGE_HEADERS, type LandingView } from "./pages/index.ts";

export interface ProbeDeps {
  pool: Pool;
  metrics: Metrics;
  /** False from the moment at which the service was asked to stop. */
  accepting: () => boolean;
  /** Whether the other processes take this one for alive; null when it runs no workflows. */
  holdsLease: () => boolean | null;
}

export interface SystemDeps extends ProbeDeps {
  links: LandingView["links"];
  publicUrl: string;
}

/** Open paths for operators and for whoever opens the service in a browser. */
export function systemRoutes({ links, publicUrl }: SystemDeps): Router {
  const document = openApi(publicUrl);
  return new Router()
    .get("/", (ctx) => {
      ctx.set(PAGE_HEADERS);
      ctx.type = "html";
      ctx.body = landingPage({
        line: "Orders, payments and approvals that survive anything, with a trail that proves it.",
        links,
      });
    })
    .get("/paid", (ctx) => {
      ctx.set(PAGE_HEADERS);
      ctx.type = "html";
      ctx.body = landingPage({
        line: "Thank you. You can close this page; the merchant is told as soon as the payment is through.",
        links: [],
      });
    })
    .get("/openapi.json", (ctx) => {
      ctx.body = document;
    });
}

/** For whoever watches the process: does it live, may it be sent requests, how is it doing. */
export function probeRoutes({ pool, metrics, accepting, holdsLease }: ProbeDeps): Router {
  return new Router()
    .get("/healthz", (ctx) => {
      ctx.body = { status: "ok" };
    })
    .get("/readyz", async (ctx) => {
      const database = await pool.query("select 1").then(
        () => "ok",
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      const ready = database === "ok" && accepting();
      ctx.status = ready ? 200 : 503;
      const lease = holdsLease();
      ctx.body = {
        status: ready ? "ready" : "not_ready",
        checks: {
          database,
          accepting: accepting(),
          ...(lease === null ? {} : { lease: lease ? "held" : "lost" }),
        },
      };
    })
    .get("/metrics", async (ctx) => {
      ctx.body = await metrics.registry.metrics();
      ctx.type = metrics.registry.contentType;
    });
}
