import type { Context, Middleware } from "koa";
import { newId } from "../ids.ts";
import { logAbout, type Log } from "../log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { currentTrace, inSpan, readTraceparent } from "../observe/trace.ts";

/**
 * Gives each request an id, which every line written for it has, and tells log, metrics and traces how it went. A client's
 * `traceparent` (https://www.w3.org/TR/trace-context/) is taken on: the request is part of the client's trace.
 */
export const identified =
  (log: Log, metrics: Pick<Metrics, "requests">): Middleware =>
  async (ctx, next) => {
    const start = performance.now();
    const id = newId("req");
    ctx.state["requestId"] = id;
    ctx.set("Request-Id", id);
    const given = ctx.get("traceparent");
    const parent = readTraceparent(given) ? given : undefined;
    const attributes = { "http.request.method": ctx.method, "countersign.request_id": id };
    await inSpan(`HTTP ${ctx.method}`, { kind: "server", attributes, parent }, (span) => {
      const trace_id = readTraceparent(currentTrace() ?? parent)?.traceId;
      return logAbout({ request_id: id, ...(trace_id === undefined ? {} : { trace_id }) }, async () => {
        await next();
        const route = routeOf(ctx);
        const { method, status } = ctx;
        span.updateName(`${method} ${route}`);
        span.setAttributes({ "http.route": route, "http.response.status_code": status });
        const seconds = (performance.now() - start) / 1000;
        metrics.requests.observe({ method, route, status: String(status) }, seconds);
        log.debug({ method, route, status, ms: Math.round(seconds * 1000) }, "request");
      });
    });
  };

/** The matched pattern, never the path: a path may hold a token. */
const routeOf = (ctx: Context): string =>
  typeof ctx["routerPath"] === "string"
    ? ctx["routerPath"]
    : ((ctx["_matchedRoute"] as string | undefined) ?? "none");
