import type { Context, Middleware, Next } from "koa";
import { isPassing } from "../db/pool.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { requestId } from "./context.ts";
import { errorPage, PAGE_HEADERS } from "./pages/index.ts";

const DATABASE_RETRY_S = 2;

/** Every error becomes `application/problem+json`, or a page for people who follow a link. */
export const problems =
  (log: Log): Middleware =>
  async (ctx: Context, next: Next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined)
        throw new AppError(
          "not_found",
          `There is nothing at ${ctx.method} ${ctx.path}; GET /openapi.json lists what there is.`,
        );
      if ((ctx.status === 405 || ctx.status === 501) && !ctx.body)
        throw new AppError(
          "method_not_allowed",
          `This path takes ${ctx.response.get("Allow") || "no method"}.`,
        );
    } catch (error) {
      answer(ctx, appErrorOf(error, log, requestId(ctx)));
    }
  };

function appErrorOf(error: unknown, log: Log, id: string): AppError {
  if (error instanceof AppError) return error;
  if (isPassing(error)) {
    log.warn({ err: error, request_id: id }, "the database cannot answer");
    return new AppError(
      "database_unavailable",
      "The database cannot answer right now; the same request may be sent again.",
      {
        cause: error,
        retryAfter: DATABASE_RETRY_S,
      },
    );
  }
  if (isRefusedValue(error)) {
    log.warn({ err: error, request_id: id }, "the database refused a value");
    return new AppError("invalid_request", "A value in the request is out of range or cannot be stored.", {
      cause: error,
    });
  }
  log.error({ err: error, request_id: id }, "a request failed");
  return new AppError("internal", `The error is logged under request ${id}.`, { cause: error });
}

/** https://www.postgresql.org/docs/18/errcodes-appendix.html: no such time, out of range, not UTF-8, no such character */
const isRefusedValue = (error: unknown): boolean =>
  error instanceof Error && "code" in error && /^22(003|007|008|021|P05)$/.test(String(error.code));

/** What people open in a browser. */
const PAGES = /^\/(a\/|dev\/mailbox|console\/(sign-in\/|oidc))/;

function answer(ctx: Context, error: AppError): void {
  ctx.status = error.status;
  if (error.retryAfter !== undefined) ctx.set("Retry-After", String(error.retryAfter));
  if (error.code === "unauthorized") ctx.set("WWW-Authenticate", 'Bearer realm="countersign"');
  if (PAGES.test(ctx.path)) {
    ctx.set(PAGE_HEADERS);
    ctx.type = "html";
    ctx.body = errorPage({
      title: error.toProblem().title,
      message: error.message,
      request_id: requestId(ctx),
    });
    return;
  }
  ctx.body = JSON.stringify(error.toProblem(ctx.path));
  ctx.type = "application/problem+json";
}
