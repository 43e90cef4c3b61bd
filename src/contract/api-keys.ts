import { z } from "zod";
import { ROLES } from "../domain/role.ts";
import { line, text } from "./text.ts";

const DAY_S = 86_400;

const expiresIn = z
  .int("must be an integer, in seconds")
  .min(60, "must be at least 60 seconds")
  .max(3_650 * DAY_S, "must be at most ten years, in seconds");

/** `POST /v1/api-keys` */
export const createApiKey = z.strictObject({
  role: z.enum(ROLES, `must be one of ${ROLES.join(", ")}`),
  user: line(200).optional(),
  description: text(500).nullable().default(null),
  expires_in: expiresIn.nullable().default(null),
});

/** `POST /v1/api-keys/:id/rotate` */
export const rotateApiKey = z.strictObject({
  grace_s: z
    .int("must be an integer, in seconds")
    .min(0, "must be at least 0 seconds")
    .max(7 * DAY_S, "must be at most 7 days, in seconds")
    .default(DAY_S),
});
