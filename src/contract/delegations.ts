import { z } from "zod";
import { email, text } from "./text.ts";

const time = z.iso.datetime({
  offset: true,
  error: "must be an RFC 3339 time such as 2026-01-31T00:00:00Z",
});

/** `POST /v1/delegations` */
export const createDelegation = z.strictObject({
  from: email,
  to: email,
  starts_at: time,
  ends_at: time,
  /** Shown with the delegation, to everybody who may read it; approvers do not see it. */
  reason: text(500).nullish(),
});

/** `GET /v1/delegations` */
export const listDelegationsQuery = z.strictObject({
  ended: z
    .enum(["true", "false"], "must be true or false")
    .transform((value) => value === "true")
    .optional(),
});
