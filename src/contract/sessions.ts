import { z } from "zod";
import { email } from "./text.ts";

/** `POST /console/session` */
export const signInWithKey = z.strictObject({
  key: z.string("must be an API key").min(1, "must be an API key").max(256, "is longer than any API key"),
});

/** `POST /console/session/tenant` */
export const chooseTenant = z.strictObject({
  tenant: z
    .string("must be one of `tenants` of GET /console/session")
    .min(1, "must be one of `tenants` of GET /console/session")
    .max(100, "is longer than any tenant's name"),
});

/** `POST /console/sign-in` */
export const askForLink = z.strictObject({ email });
