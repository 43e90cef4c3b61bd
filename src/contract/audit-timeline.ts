import { z } from "zod";

/** A link to an order's timeline, for a browser. */
export const createTimelineLink = z.strictObject({
  /** Seconds. */
  expires_in: z
    .int("must be an integer")
    .min(60, "must be at least 60")
    .max(86_400, "must be at most 86400, a day")
    .default(900),
});
