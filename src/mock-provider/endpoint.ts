import type Router from "@koa/router";
import type { RouterContext } from "@koa/router";
import getRawBody from "raw-body";
import { z } from "zod";
import { API_VERSION, type Call, type Endpoint, type World } from "./call.ts";
import type { AnswerFate } from "./chaos.ts";
import { badKey, noKey, ProviderError } from "./errors.ts";
import { expand } from "./expand.ts";
import { decodeForm, type Form } from "./form.ts";
import { fingerprintOf, replayOf } from "./idempotency.ts";
import { randomId } from "./random-id.ts";
import type { Account } from "./state.ts";

export type Method = "get" | "post" | "delete";

interface Answer {
  status: number;
  body: string;
  replayed?: string;
}

/** Mounts one API endpoint: key, parameters, idempotency, the endpoint itself, the journal, the answer (or chaos). */
export function mount(router: Router, world: World, method: Method, path: string, endpoint: Endpoint): void {
  router[method](path, async (ctx: RouterContext) => {
    const body = method === "post" ? await getRawBody(ctx.req, { limit: "1mb", encoding: "utf8" }) : "";
    const answer = serve(world, ctx, endpoint, body);
    const fate = method === "get" || answer.replayed !== undefined ? "answer" : world.chaos.answer();
    await deliver(world, ctx, answer, fate);
  });
}

/** Synchronous from the key to the journal: a request is atomic. */
function serve(world: World, ctx: RouterContext, endpoint: Endpoint, body: string): Answer {
  const request = randomId("req_");
  ctx.set("Request-Id", request);
  try {
    const version = versionOf(ctx);
    ctx.set("Stripe-Version", version);
    const account = accountOf(world, ctx);
    const params: Form = { ...decodeForm(ctx.querystring), ...decodeForm(body) };
    const idempotencyKey = ctx.method === "POST" ? ctx.get("Idempotency-Key") : "";
    const call: Call = {
      world,
      account,
      version,
      params,
      path: (name) => ctx.params[name] ?? "",
      request: { id: request, idempotency_key: idempotencyKey === "" ? null : idempotencyKey },
    };
    if (idempotencyKey === "") return answered(world, () => run(call, endpoint));
    ctx.set("Idempotency-Key", idempotencyKey);
    const asked = {
      method: ctx.method,
      path: ctx.path,
      fingerprint: fingerprintOf(ctx.method, ctx.path, ctx.querystring, body),
    };
    const kept = replayOf(account, idempotencyKey, world.clock.now(), asked);
    if (kept) return { status: kept.status, body: kept.body, replayed: kept.request };
    return answered(
      world,
      () => run(call, endpoint),
      (answer) => {
        account.of.idempotency.put({
          id: idempotencyKey,
          created: world.clock.now(),
          request,
          ...asked,
          ...answer,
        });
      },
    );
  } catch (error) {
    return failure(error);
  }
}

function run(call: Call, endpoint: Endpoint): string {
  const paths = expandPaths(call.params);
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
  world: World,
  work: () => string,
  keep?: (answer: { status: number; body: string }) => void,
): Answer {
  let answer: Answer;
  let kept = true;
  try {
    answer = { status: 200, body: work() };
  } catch (error) {
    answer = failure(error);
    kept = !(error instanceof ProviderError) || error.kept;
  }
  if (kept) keep?.(answer);
  world.state.commit();
  return answer;
}

function failure(error: unknown): Answer {
  if (error instanceof ProviderError)
    return { status: error.status, body: JSON.stringify({ error: error.body }) };
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
    const timer = setTimeout(() => ctx.req.socket.destroy(), world.chaos.settings.hang_ms);
    timer.unref();
    ctx.req.socket.once("close", () => {
      clearTimeout(timer);
    });
    return;
  }
  const shown = fate === "error" ? keepServerError(world, ctx) : answer;
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
  const account = accountOf(world, ctx);
  const kept = account.of.idempotency.get(ctx.get("Idempotency-Key"));
  if (kept) account.of.idempotency.put({ ...kept, status: 500, body: serverError });
  world.state.commit();
  return { status: 500, body: serverError };
}

function accountOf(world: World, ctx: RouterContext): Account {
  const header = ctx.get("Authorization");
  const [scheme, value = ""] = header.split(/\s+/, 2);
  const key =
    scheme?.toLowerCase() === "basic"
      ? (Buffer.from(value, "base64").toString("utf8").split(":")[0] ?? "")
      : value;
  if (key === "" || (scheme?.toLowerCase() !== "bearer" && scheme?.toLowerCase() !== "basic")) throw noKey();
  const name = /^(?:sk|rk)_test_([A-Za-z0-9_-]{1,128})$/.exec(key)?.[1];
  if (name === undefined) throw badKey(key);
  return world.state.account(name);
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
