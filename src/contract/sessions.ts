import { z } from "zod";
import { email } from "./text.ts";

/** `POST /console/session` */
export const signInWithKey = z.strictObject({
  key: z.string("must be an API key").min(1, "must be an API key").max(256, "is longer than any API key"),
});

/** `POST /console/sign-in` */
export const askForLink = z.strictObject({ email });
