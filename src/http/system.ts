import Router from "@koa/router";
import { openApi } from "../contract/openapi.ts";
import type { Pool } from "../db/pool.ts";
import type { Metrics } from "./metrics.ts";
import { landingPage, PAGE_HEADERS, type LandingView } from "./pages/index.ts";

export interface SystemDeps {
  pool: Pool;
  metrics: Metrics;
  /** False from the moment at which the service begins to stop. */
  accepting: () => boolean;
  links: LandingView["links"];
  publicUrl: string;
}

/** Open paths for operators and for whoever opens the service in a browser. */
export function systemRoutes({ pool, metrics, accepting, links, publicUrl }: SystemDeps): Router {
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
    })
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
      ctx.body = { status: ready ? "ready" : "not_ready", checks: { database, accepting: accepting() } };
    })
    .get("/metrics", async (ctx) => {
      ctx.body = await metrics.registry.metrics();
      ctx.type = metrics.registry.contentType;
    });
}
