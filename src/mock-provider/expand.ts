import type { Actor } from "./call.ts";
import { listOf, text } from "./params.ts";
import type { Account, Kind } from "./state.ts";

/** The parameter that every endpoint takes, https://docs.stripe.com/api/expanding_objects. */
export const expandable = { expand: listOf(text()).optional() };

/** Which collection an id belongs to, by its prefix. */
const KINDS: Record<string, Kind> = {
  pi: "payment_intents",
  ch: "charges",
  re: "refunds",
  du: "disputes",
  pm: "payment_methods",
  card: "payment_methods",
  seti: "setup_intents",
  cus: "customers",
  prod: "products",
  price: "prices",
  cs: "sessions",
  txn: "transactions",
  we: "endpoints",
};

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A copy of the answer with every path of `paths` replaced by the object it names. */
export function expand(actor: Actor, answer: object, paths: readonly string[]): object {
  const copy: object = structuredClone(answer);
  for (const path of paths) walk(actor.account, copy, path.split("."));
  return copy;
}

function walk(account: Account, value: unknown, parts: readonly string[]): void {
  if (Array.isArray(value)) {
    for (const each of value) walk(account, each, parts);
    return;
  }
  const [field, ...rest] = parts;
  if (!isNode(value) || field === undefined) return;
  const held = value[field];
  if (typeof held === "string" && field !== "object") value[field] = find(account, held) ?? held;
  else if (field === "line_items" && value["object"] === "checkout.session")
    value[field] = lineItems(account, String(value["id"]));
  else if (field === "refunds" && value["object"] === "charge")
    value[field] = refunds(account, String(value["id"]));
  if (rest.length > 0) walk(account, value[field], rest);
}

function find(account: Account, id: string): object | null {
  const kind = KINDS[id.slice(0, id.indexOf("_"))];
  const object = kind && account.of[kind].get(id);
  return object ? structuredClone(object) : null;
}

/** The list that a session carries when asked for it. */
export function lineItems(account: Account, session: string): object {
  const items = account.of.session_plans.get(session)?.line_items ?? [];
  return {
    object: "list",
    data: structuredClone(items),
    has_more: false,
    url: `/v1/checkout/sessions/${session}/line_items`,
  };
}

function refunds(account: Account, charge: string): object {
  const data = structuredClone(account.of.refunds.by("charge", charge).reverse().slice(0, 10));
  return { object: "list", data, has_more: false, url: `/v1/charges/${charge}/refunds` };
}
