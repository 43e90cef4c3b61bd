import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Middleware } from "koa";
import type { ApiKeyConfig } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Principal } from "./context.ts";

const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex");

/** Finds out who asks. Only hashes of the keys are kept. */
export type Authenticate = (request: IncomingMessage) => Principal | null;

export function createAuthenticate(keys: ApiKeyConfig[]): Authenticate {
  const principals = new Map(keys.map(({ key, ...who }) => [hashOf(key), who]));
  return (request) => {
    const [, key] = /^Bearer ([\x21-\x7e]{1,256})$/.exec(request.headers.authorization ?? "") ?? [];
    return key === undefined ? null : (principals.get(hashOf(key)) ?? null);
  };
}

/** Guards everything behind it. */
export const authenticated =
  (authenticate: Authenticate): Middleware =>
  async (ctx, next) => {
    const found = authenticate(ctx.req);
    if (!found)
      throw new AppError(
        "unauthorized",
        ctx.get("authorization") ? "The API key is not known." : "Send the header Authorization: Bearer KEY.",
      );
    ctx.state["principal"] = found;
    await next();
  };
