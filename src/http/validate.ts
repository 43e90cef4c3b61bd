import type { z } from "zod";
import { AppError, type FieldError } from "../errors.ts";

/** `["items", 0, "quantity"]` → `items[0].quantity`; a field without a name is `""` */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const name = part === "" ? '""' : String(part);
    return text ? `${text}.${name}` : name;
  }, "");

type Issue = z.core.$ZodIssue;

const fieldErrors = (issues: Issue[], at: PropertyKey[] = []): FieldError[] =>
  issues.flatMap((issue) => {
    const path = [...at, ...issue.path];
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => ({ path: pathText([...path, key]), message: UNKNOWN_FIELD }));
      case "invalid_key":
        return issue.issues.map(({ message }) => ({ path: pathText(path), message: `its name ${message}` }));
      case "invalid_union": {
        // The form that was meant is the one whose own type is right.
        const meant = issue.errors.find((errors) => errors.every((error) => error.path.length > 0));
        if (meant) return fieldErrors(meant, path);
        const each = issue.errors.flatMap((errors) => errors.map(({ message }) => message));
        return [{ path: pathText(path), message: each.length > 0 ? each.join(", or ") : issue.message }];
      }
      default:
        return [{ path: pathText(path), message: issue.message }];
    }
  });

export const UNKNOWN_FIELD = "is not a known field; remove it";

const TYPE: Record<string, string> = {
  string: "a string",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  array: "an array",
  object: "an object",
  record: "an object",
};

/** What to do about a value of the wrong type, where its schema does not say so itself. */
const remedy: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== "invalid_type") return undefined;
  const type = TYPE[issue.expected];
  if (issue.input === undefined) return `is required${type ? ` and must be ${type}` : ""}`;
  return type && `must be ${type}`;
};

/** Parses what a client sent; `at` is where in the request it stands. @throws AppError `invalid_request` that names each broken field and its remedy. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what = "The body",
  at: PropertyKey[] = [],
): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: remedy });
  if (parsed.success) return parsed.data;
  const errors = fieldErrors(parsed.error.issues, at);
  const first = errors[0];
  const detail = first ? `${first.path || what}: ${first.message}` : `${what} is not valid`;
  throw new AppError(
    "invalid_request",
    errors.length > 1 ? `${detail} (and ${errors.length - 1} more)` : detail,
    { errors },
  );
}
