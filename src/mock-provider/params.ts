import { z } from "zod";
import type { ProviderError } from "./errors.ts";
import { badParam, emptyParam, missingParam } from "./errors.ts";
import { isHash, written, type Form } from "./form.ts";
import { oneOfWords } from "./parameters.ts";

const fail = (code: string | undefined, message: string, ctx: z.RefinementCtx) => {
  ctx.addIssue({ code: "custom", message, params: { stripe: code } });
  return z.NEVER;
};

/** A whole number, `Invalid integer` otherwise. */
export const integer = z.string().transform((text, ctx) => {
  if (!/^-?\d{1,15}$/.test(text)) return fail("parameter_invalid_integer", `Invalid integer: ${text}`, ctx);
  return Number(text);
});

/** An amount in the currency's minor unit, at least `least`. */
export const amount = (least = 1) =>
  integer.transform((value, ctx) => {
    if (value < least) {
      return fail("parameter_invalid_integer", `This value must be greater than or equal to ${least}.`, ctx);
    }
    if (value > 99_999_999_999)
      return fail("amount_too_large", "Amount must be no more than $999,999.99", ctx);
    return value;
  });

export const boolean = z.string().transform((text, ctx) => {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  return fail(undefined, `Invalid boolean: ${text}`, ctx);
});

/** Text that cannot be unset: an empty string is an error of its own. */
export const text = (max = 5000) =>
  z.string().transform((value, ctx) => {
    if (value === "") return fail("parameter_invalid_empty", "empty", ctx);
    if (value.length > max) {
      return fail("parameter_invalid_string", `Invalid string: must be at most ${max} characters`, ctx);
    }
    return value;
  });

/** Text that an empty string unsets. */
export const unsettable = (max = 5000) =>
  z.string().transform((value, ctx) => {
    if (value.length > max) {
      return fail("parameter_invalid_string", `Invalid string: must be at most ${max} characters`, ctx);
    }
    return value === "" ? null : value;
  });

/** An address of mail, or "" for none. */
export const email = z.string().transform((value, ctx) => {
  if (value === "") return null;
  if (value.length <= 800 && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return value;
  return fail("email_invalid", `Invalid email address: ${value}`, ctx);
});

/** Where a person's browser or app goes back to. */
export const webAddress = z.string().transform((value, ctx) => {
  if (value === "") return fail("parameter_invalid_empty", "empty", ctx);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/[^\s/]/i.exec(value)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "javascript" && scheme !== "data") return value;
  return fail("url_invalid", "Invalid URL: An explicit scheme (such as https) must be provided.", ctx);
});

export const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.string().transform((value, ctx): T[number] => {
    const found = values.find((each) => each === value);
    if (found !== undefined) return found;
    return fail(undefined, `must be one of ${oneOfWords(values)}`, ctx);
  });

/** Lists come as `a[]`, `a[0]` or as a hash of indexes. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => {
    if (value === "") return [];
    return isHash(value) && Object.keys(value).every((key) => /^\d+$/.test(key))
      ? Object.values(value)
      : value;
  }, z.array(item));

/** Metadata as https://docs.stripe.com/api/metadata has it: `""` for all or for one key unsets. */
export const metadata = z.preprocess(
  (value) =>
    Array.isArray(value)
      ? Object.fromEntries(value.map((each: unknown, index) => [String(index), each]))
      : value,
  z.union([z.literal(""), z.record(z.string(), z.string())]).transform((value, ctx) => {
    for (const [key, each] of Object.entries(value === "" ? {} : value)) {
      if (key.length > 40) {
        return fail(
          undefined,
          `Metadata keys can have up to 40 characters, but you passed in a key that is ${key.length} characters. Invalid key: ${key}`,
          ctx,
        );
      }
      if (each.length > 500) {
        return fail(
          undefined,
          `Metadata values can have up to 500 characters, but you passed in a value that is ${each.length} characters. Invalid value: ${each}`,
          ctx,
        );
      }
    }
    return value;
  }),
);
export type MetadataChange = "" | Record<string, string>;

/** Keys merge; a key set to an empty string goes; an empty string for the whole removes all. */
export function mergeMetadata(
  now: Record<string, string>,
  change: MetadataChange | undefined,
): Record<string, string> {
  if (change === undefined) return now;
  if (change === "") return {};
  const merged = { ...now };
  for (const [key, value] of Object.entries(change)) {
    if (value === "") delete merged[key];
    else merged[key] = value;
  }
  const keys = Object.keys(merged).length;
  if (keys > 50) throw badParam(`Metadata can have up to 50 keys, but you've set ${keys}.`, "metadata");
  return merged;
}

export const address = z.object({
  line1: unsettable().optional(),
  line2: unsettable().optional(),
  city: unsettable().optional(),
  state: unsettable().optional(),
  postal_code: unsettable().optional(),
  country: unsettable(2).optional(),
});

export const shipping = z.object({
  name: text(),
  address,
  phone: unsettable().optional(),
  carrier: unsettable().optional(),
  tracking_number: unsettable().optional(),
});

export const billingDetails = z.object({
  name: unsettable().optional(),
  email: unsettable().optional(),
  phone: unsettable().optional(),
  address: address.optional(),
  tax_id: unsettable().optional(),
});

/** What every list takes, https://docs.stripe.com/api/pagination. */
export const paging = {
  limit: integer.optional(),
  starting_after: text().optional(),
  ending_before: text().optional(),
};

const moment = z
  .string()
  .transform((value, ctx) =>
    /^\d+$/.test(value) ? Number(value) : fail("parameter_invalid_integer", `Invalid integer: ${value}`, ctx),
  );
export const created = z.union([
  moment,
  z.object({
    gt: moment.optional(),
    gte: moment.optional(),
    lt: moment.optional(),
    lte: moment.optional(),
  }),
]);
export type CreatedFilter = z.output<typeof created>;

/** Checks a decoded request against its shape; what does not fit is answered as Stripe answers it. */
export function parseParams<T extends z.ZodType>(shape: T, form: Form): z.output<T> {
  const result = shape.safeParse(form);
  if (result.success) return result.data;
  throw firstError(result.error.issues, form);
}

function firstError(issues: readonly z.core.$ZodIssue[], form: Form): ProviderError {
  const flat = issues.flatMap((issue) => (issue.code === "invalid_union" ? innermost(issue) : [issue]));
  const unknown = flat.find((issue) => issue.code === "unrecognized_keys");
  if (unknown?.code === "unrecognized_keys") {
    const names = unknown.keys.map((key) => written([...unknown.path, key]));
    return badParam(
      `Received unknown parameter${names.length > 1 ? "s" : ""}: ${names.join(", ")}`,
      names[0] ?? "",
      "parameter_unknown",
    );
  }
  const issue = flat[0];
  if (!issue) return badParam("Invalid request", "");
  const param = written(issue.path);
  const given = valueAt(form, issue.path);
  if (issue.code === "custom") {
    const code: unknown = issue.params?.["stripe"];
    if (code === "parameter_invalid_empty") return emptyParam(param);
    if (issue.message.startsWith("must be one of"))
      return badParam(`Invalid ${param}: ${issue.message}`, param);
    return badParam(issue.message, param, typeof code === "string" ? code : undefined);
  }
  if (given === undefined) return missingParam(param);
  if (issue.code === "invalid_type" && issue.expected === "string") {
    return badParam(`Invalid string: ${JSON.stringify(given)}`, param);
  }
  return badParam(
    `Invalid ${issue.code === "invalid_type" && issue.expected === "array" ? "array" : "object"}`,
    param,
  );
}

function innermost(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] {
  const deepest = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0] ?? [];
  return deepest.map((each) => ({ ...each, path: [...issue.path, ...each.path] }));
}
const depth = (issues: readonly z.core.$ZodIssue[]) =>
  Math.max(
    0,
    ...issues.map(
      (each) => each.path.length + (each.code === "unrecognized_keys" || each.code === "custom" ? 1 : 0),
    ),
  );

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const part of path)
    at = isHash(at) ? at[String(part)] : Array.isArray(at) ? at[Number(part)] : undefined;
  return at;
}
