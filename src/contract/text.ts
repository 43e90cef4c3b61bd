import { z } from "zod";

// eslint-disable-next-line no-control-regex -- Control characters are exactly what is refused here.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Text that can be stored and shown: no NUL, no broken Unicode, and no other control characters but line breaks and tabs. */
export const text = (max: number) =>
  z
    .string()
    .max(max, `must be at most ${max} characters`)
    .refine((value) => value.isWellFormed() && !CONTROL.test(value), {
      message: "must be valid Unicode without control characters",
    });

/** The same on one line, and not empty. */
export const line = (max: number) =>
  text(max)
    .min(1, "must not be empty")
    .refine((value) => !/[\r\n\t]/.test(value), "must be a single line");

export const email = z.email("must be an email address").max(254, "must be at most 254 characters");

/** At most 50 keys of 40 characters with values of 500, as at Stripe, so that it can be handed on. */
export const metadata = z
  .record(line(40), text(500))
  .refine((value) => Object.keys(value).length <= 50, "must have at most 50 keys");
