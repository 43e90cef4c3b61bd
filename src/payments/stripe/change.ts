import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { z } from "zod";
import type { Change } from "../webhook-source.ts";

const eventShape = z.looseObject({
  type: z.string(),
  account: z.string().nullish(),
  created: z.int().positive(),
  request: z.union([z.string(), z.looseObject({ id: z.string().nullish() })]).nullish(),
  data: z.looseObject({ object: z.looseObject({ id: z.string() }) }),
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
  const told = canonicalize({ type, account: account ?? null, by, data });
  if (told === undefined) return null;
  return { key: createHash("sha256").update(told).digest("base64url"), told_at: new Date(created * 1000) };
}

const failure = z.looseObject({ last_payment_error: z.looseObject({ charge: z.string().nullish() }) });

function isNamelessFailure(object: unknown): boolean {
  const failed = failure.safeParse(object).data;
  return failed !== undefined && !failed.last_payment_error.charge;
}
