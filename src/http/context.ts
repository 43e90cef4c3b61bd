import type { Context } from "koa";
import type { Actor } from "../domain/audit-entry.ts";
import { isAtLeast, type Role } from "../domain/role.ts";
import { AppError } from "../errors.ts";

/** Who is asking: what an API key or a session of the console stands for. */
export interface Principal {
  tenant: string;
  role: Role;
  user: string;
  /** The request that it asks by. */
  request?: string;
}

/** What the middleware leaves for the handlers. */
export interface State {
  requestId: string;
  principal?: Principal;
}

const stateOf = (ctx: Context): State => ctx.state;

export const requestId = (ctx: Context): string => stateOf(ctx).requestId;

/** The caller, if its role is at least this one. */
export function principal(ctx: Context, least: Role = "viewer"): Principal {
  const caller = stateOf(ctx).principal;
  if (!caller) throw new AppError("unauthorized", "Send the header Authorization: Bearer KEY.");
  if (!isAtLeast(caller.role, least))
    throw new AppError("forbidden", `This needs the role ${least}; you have the role ${caller.role}.`);
  return { ...caller, request: requestId(ctx) };
}

/** How the trail names the caller, and the request. */
export const apiActor = ({ user, request }: Principal): Actor & { type: "api" } => ({
  type: "api",
  id: user,
  ...(request === undefined ? {} : { source: `request ${request}` }),
});
