import type { z } from "zod";
import { AppError, type FieldError } from "../errors.ts";

/** `["items", 0, "quantity"]` → `items[0].quantity` */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part),
    "",
  );

const fieldErrors = (error: z.ZodError): FieldError[] =>
  error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          path: pathText([...issue.path, key]),
          message: "is not a known field; remove it",
        }))
      : [{ path: pathText(issue.path), message: issue.message }],
  );

/** Parses what a client sent. @throws AppError `invalid_request` that names each broken field and its remedy. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what = "The body",
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = fieldErrors(parsed.error);
  const first = errors[0];
  const detail = first ? `${first.path || what}: ${first.message}` : `${what} is not valid`;
  throw new AppError(
    "invalid_request",
    errors.length > 1 ? `${detail} (and ${errors.length - 1} more)` : detail,
    { errors },
  );
}
