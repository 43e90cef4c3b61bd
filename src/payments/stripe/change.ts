import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../../domain/canonical-json.ts";
import type { Change } from "../webhook-source.ts";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** What has changed is only looked at, not copied: events are large, and there are many. */
const named = z.custom<{ object: { id: string; last_payment_error?: unknown } }>(
  (value) => isObject(value) && isObject(value["object"]) && typeof value["object"]["id"] === "string",
);

const eventShape = z.object({
  type: z.string(),
  account: z.string().nullish(),
  created: z.int().positive(),
  request: z.union([z.string(), z.object({ id: z.string().nullish() })]).nullish(),
  data: named,
});

/**
 * What an event tells, so that two events of one change are known as such
 * (https://docs.stripe.com/webhooks#handle-duplicate-events: two Event objects may be made of one change). All that they say
 * of the object has to be the same, and the request that caused it. A failed attempt that is not named by its charge
 * may be another one that looks alike, so it is never taken for the same.
 */
export function changeOf(event: unknown): Change | null {
  const parsed = eventShape.safeParse(event).data;
  if (!parsed || isNamelessFailure(parsed.data.object)) return null;
  const { type, account, created, request, data } = parsed;
  const by = typeof request === "string" ? request : (request?.id ?? null);
  const told = canonicalJson({ type, account: account ?? null, by, data });
  return { key: createHash("sha256").update(told).digest("base64url"), told_at: new Date(created * 1000) };
}

const isNamelessFailure = ({ last_payment_error: error }: { last_payment_error?: unknown }): boolean =>
  isObject(error) && (typeof error["charge"] !== "string" || error["charge"] === "");
