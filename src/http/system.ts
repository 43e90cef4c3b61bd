import Router from "@koa/router";
import { openApi } from "../contract/openapi.ts";
import type { Metrics } from "../observe/metrics.ts";
import { REFERENCE_HEADERS, referencePage, type ReferenceView } from "./docs-page.ts";
import { landingPage, PAGE_HEADERS, type LandingView } from "./pages/index.ts";
import { readiness, type ReadinessDeps } from "./readiness.ts";

export interface ProbeDeps extends ReadinessDeps {
  metrics: Metrics;
}

export interface SystemDeps extends ProbeDeps {
  links: LandingView["links"];
  publicUrl: string;
}

/** Open paths for operators and for whoever opens the service in a browser. */
export function systemRoutes({ links, publicUrl }: SystemDeps): Router {
  // Made for the first who asks: a start need not wait for it.
  let made: { document: ReturnType<typeof openApi>; reference: string } | undefined;
  const description = () => {
    if (made) return made;
    const document = openApi(publicUrl);
    return (made = { document, reference: referencePage(document as unknown as ReferenceView) });
  };
  return new Router()
    .get("/", (ctx) => {
      ctx.set(PAGE_HEADERS);
      ctx.type = "html";
      ctx.body = landingPage({
        // Where the console is built, it is at this address instead.
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
      ctx.body = description().document;
    })
    .get("/docs", (ctx) => {
      ctx.set(REFERENCE_HEADERS);
      ctx.type = "html";
      ctx.body = description().reference;
    });
}

/** For whoever watches the process: does it live, may it be sent requests, how is it doing. */
export function probeRoutes({ metrics, ...deps }: ProbeDeps): Router {
  return new Router()
    .get("/healthz", (ctx) => {
      ctx.body = { status: "ok" };
    })
    .get("/readyz", async (ctx) => {
      const answer = await readiness(deps);
      ctx.status = answer.status === "ready" ? 200 : 503;
      ctx.body = answer;
    })
    .get("/metrics", async (ctx) => {
      ctx.body = await metrics.registry.metrics();
      ctx.type = metrics.registry.contentType;
    });
}
