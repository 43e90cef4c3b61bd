import { z } from "zod";

/** `GET /v1/overview/series` */
export const seriesQuery = z.strictObject({
  window: z.enum(["hour", "day"], "must be hour or day").default("hour"),
});
