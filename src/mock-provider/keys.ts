import type { RouterContext } from "@koa/router";
import type { World } from "./call.ts";
import { badKey, noAccess, noKey } from "./errors.ts";
import type { Account } from "./state.ts";

/** Whose request it is. A publishable key, as browsers hold it, may do little. https://docs.stripe.com/keys */
export interface Caller {
  account: Account;
  publishable: boolean;
}

/** The account behind `Authorization`; `sk_test_NAME`, `rk_test_NAME` and `pk_test_NAME` all open the account NAME. */
export function callerOf(world: World, ctx: RouterContext): Caller {
  const key = keyOf(ctx.get("Authorization"));
  const found = /^(sk|rk|pk)_test_([A-Za-z0-9_-]{1,128})$/.exec(key);
  if (found?.[2] === undefined) throw badKey(key);
  const account = world.state.account(found[2]);
  const asked = ctx.get("Stripe-Account");
  if (asked !== "" && asked !== account.id) throw noAccess(key, asked);
  return { account, publishable: found[1] === "pk" };
}

function keyOf(header: string): string {
  const [scheme = "", value = ""] = header.split(/\s+/, 2);
  const basic = scheme.toLowerCase() === "basic";
  const key = basic ? (Buffer.from(value, "base64").toString("utf8").split(":")[0] ?? "") : value;
  if (key === "" || (scheme.toLowerCase() !== "bearer" && !basic)) throw noKey();
  return key;
}
