import type { Context } from "koa";
import { AppError } from "../errors.ts";

/** The Idempotency-Key header: what makes a repeated request the same request. */
export function idempotencyKey(ctx: Context): string {
  const key = ctx.get("idempotency-key");
  if (key === "")
    throw new AppError(
      "idempotency_key_required",
      "Send an Idempotency-Key header: a random value that you send again when you repeat the request.",
    );
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new AppError("invalid_request", "Idempotency-Key: must be 1 to 255 visible ASCII characters", {
      errors: [{ path: "Idempotency-Key", message: "must be 1 to 255 visible ASCII characters" }],
    });
  return key;
}
