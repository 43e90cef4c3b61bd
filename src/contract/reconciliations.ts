import { z } from "zod";

/** `POST /v1/reconciliations` */
export const startReconciliation = z
  .strictObject({
    since: z.iso
      .datetime({ offset: true, error: "must be an RFC 3339 time such as 2026-01-31T00:00:00Z" })
      .optional(),
    /** First take in the provider's events since then that are not here, delivered or not: after a restore from a backup. */
    all_events: z.boolean("must be true or false").default(false),
  })
  .default({ all_events: false });
