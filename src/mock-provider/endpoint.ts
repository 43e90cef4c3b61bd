import type Router from "@koa/router";
import type { RouterContext } from "@koa/router";
import getRawBody from "raw-body";
import { z } from "zod";
import { API_VERSION, type Call, type Endpoint, type World } from "./call.ts";
import type { AnswerFate } from "./chaos.ts";
import { notAForm, ProviderError, secretKeyRequired } from "./errors.ts";
import { expand } from "./expand.ts";
import { checkExpand } from "./expand-paths.ts";
import { decodeForm, type Form } from "./form.ts";
import { fingerprintOf, holdKey, replayOf } from "./idempotency.ts";
import { callerOf } from "./keys.ts";
import { checkParameters } from "./parameters.ts";
import { randomId } from "./random-id.ts";

export type Method = "get" | "post" | "delete";

/** An endpoint of the API as it is mounted. */
export interface Route {
  method: Method;
  path: string;
  endpoint: Endpoint;
  /** Its line in `parameters.txt`; without one, the endpoint checks by itself. */
  params: string | null;
  /** The kind of object it answers with, `…*` for a list; null where nothing is known of it. */
  answers: string | null;
  /** A browser may call it too. */
  publishable: boolean;
}

interface Answer {
  status: number;
  body: string;
  replayed?: string;
  /** Keeps the idempotency key busy until it is called. */
  hold?: () => () => void;
}

/** Mounts one API endpoint: key, parameters, idempotency, the endpoint itself, the journal, the answer (or chaos). */
export function mount(router: Router, world: World, route: Route): void {
  router[route.method](route.path, async (ctx: RouterContext) => {
    const body = ctx.method === "GET" ? "" : await getRawBody(ctx.req, { limit: "1mb", encoding: "utf8" });
    const answer = serve(world, ctx, route, body);
    const fate = ctx.method === "GET" || answer.replayed !== undefined ? "answer" : world.chaos.answer();
    await deliver(world, ctx, answer, fate);
  });
}

/** Synchronous from the key to the journal: a request is atomic. */
function serve(world: World, ctx: RouterContext, route: Route, body: string): Answer {
  const request = randomId("req_");
  ctx.set("Request-Id", request);
  try {
    const { account, publishable } = callerOf(world, ctx);
    const version = versionOf(ctx);
    ctx.set("Stripe-Version", version);
    if (publishable && !route.publishable) throw secretKeyRequired();
    if (
      body !== "" &&
      ctx.is("application/x-www-form-urlencoded", "multipart") !== "application/x-www-form-urlencoded"
    )
      throw notAForm();
    const params: Form = { ...decodeForm(ctx.querystring), ...decodeForm(body) };
    const idempotencyKey = ctx.method === "POST" ? ctx.get("Idempotency-Key") : "";
    const call: Call = {
      world,
      account,
      version,
      params,
      publishable,
      path: (name) => ctx.params[name] ?? "",
      request: { id: request, idempotency_key: idempotencyKey === "" ? null : idempotencyKey },
    };
    if (idempotencyKey === "") return answered(call, () => run(call, route));
    ctx.set("Idempotency-Key", idempotencyKey);
    const asked = {
      method: ctx.method,
      path: ctx.path,
      fingerprint: fingerprintOf(ctx.method, ctx.path, ctx.querystring, body),
    };
    const kept = replayOf(account, idempotencyKey, world.clock.now(), asked);
    if (kept) return { status: kept.status, body: kept.body, replayed: kept.request };
    const answer = answered(
      call,
      () => run(call, route),
      (done) => {
        account.of.idempotency.put({
          id: idempotencyKey,
          created: world.clock.now(),
          request,
          ...asked,
          ...done,
        });
      },
    );
    return { ...answer, hold: () => holdKey(account, idempotencyKey) };
  } catch (error) {
    return failure(error, world, request);
  }
}

function run(call: Call, { endpoint, params, answers }: Route): string {
  if (params !== null) checkParameters(params, call.params, call.publishable);
  const paths = expandPaths(call.params);
  if (answers !== null) checkExpand(answers, paths);
  const answer = endpoint(call);
  return JSON.stringify(paths.length === 0 ? answer : expand(call, answer, paths));
}

const expandShape = z.union([
  z.array(z.string()),
  z.record(z.string(), z.string()).transform((hash) => Object.values(hash)),
]);
function expandPaths(params: Form): string[] {
  const given = expandShape.safeParse(params["expand"]);
  return given.success ? given.data : [];
}

/** Runs, keeps the answer where a key asks for it, and writes all of it to the journal as one line. */
function answered(
  call: Call,
  work: () => string,
  keep?: (answer: { status: number; body: string }) => void,
): Answer {
  let answer: Answer;
  let kept = true;
  try {
    answer = { status: 200, body: work() };
  } catch (error) {
    answer = failure(error, call.world, call.request.id ?? "");
    kept = !(error instanceof ProviderError) || error.kept;
  }
  if (kept) keep?.(answer);
  call.world.state.commit();
  return answer;
}

function failure(error: unknown, world: World, request: string): Answer {
  if (error instanceof ProviderError) {
    const log = `https://dashboard.stripe.com/test/logs/${request}?t=${world.clock.now()}`;
    return { status: error.status, body: JSON.stringify({ error: { ...error.body, request_log_url: log } }) };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `${JSON.stringify({ level: "error", msg: "the mock provider failed", error: message })}\n`,
  );
  return { status: 500, body: serverError };
}

const serverError = JSON.stringify({
  error: { type: "api_error", message: "An unknown error occurred. If this persists, contact support." },
});

async function deliver(world: World, ctx: RouterContext, answer: Answer, fate: AnswerFate): Promise<void> {
  if (fate === "reset") {
    ctx.respond = false;
    ctx.req.socket.resetAndDestroy();
    return;
  }
  if (fate === "hang") {
    ctx.respond = false;
    const release = answer.hold?.();
    const timer = setTimeout(() => ctx.req.socket.destroy(), world.chaos.settings.hang_ms);
    timer.unref();
    ctx.req.socket.once("close", () => {
      clearTimeout(timer);
      release?.();
    });
    return;
  }
  const shown = fate === "error" && answer.status !== 401 ? keepServerError(world, ctx) : answer;
  if (shown.replayed !== undefined) {
    ctx.set("Idempotent-Replayed", "true");
    ctx.set("Original-Request", shown.replayed);
  }
  ctx.status = shown.status;
  if (shown.status === 401) ctx.set("WWW-Authenticate", 'Bearer realm="Stripe"');
  ctx.set("Cache-Control", "no-cache, no-store");
  ctx.type = "application/json";
  ctx.body = shown.body;
  await Promise.resolve();
}

/** The work is done, the answer is lost to an error, and the key remembers the error: as it is with Stripe. */
function keepServerError(world: World, ctx: RouterContext): Answer {
  const { account } = callerOf(world, ctx);
  const kept = account.of.idempotency.get(ctx.get("Idempotency-Key"));
  if (kept) account.of.idempotency.put({ ...kept, status: 500, body: serverError });
  world.state.commit();
  return { status: 500, body: serverError };
}

function versionOf(ctx: RouterContext): string {
  const asked = ctx.get("Stripe-Version");
  if (asked === "") return API_VERSION;
  if (/^\d{4}-\d{2}-\d{2}(\.[a-z]+)?(;.*)?$/.test(asked)) return asked;
  throw new ProviderError(
    400,
    { type: "invalid_request_error", message: `Invalid Stripe API version: ${asked}` },
    false,
  );
}
