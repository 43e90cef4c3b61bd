import { z } from "zod";
import type { ReconciliationAnswer } from "../answers/reconciliations.ts";
import { currency, idOf, listOf, time } from "./fields.ts";

const stated = z.union([z.number(), z.string()]).nullable();

export const reconciliation = z
  .object({
    id: idOf("rec"),
    object: z.literal("reconciliation"),
    status: z.enum(["running", "finished", "failed"]),
    started_by: z.string(),
    since: time,
    checked: z.int(),
    differences: z.array(
      z.object({
        field: z.enum(["payment", "amount", "held", "captured", "refunded", "disputed"]),
        ours: stated,
        provider: stated,
        order_id: idOf("ord"),
        reference: z.string(),
        currency,
        repaired: z.boolean(),
      }),
    ),
    failure: z.string().nullable(),
    started_at: time,
    finished_at: time.nullable(),
  })
  .meta({ id: "Reconciliation" }) satisfies z.ZodType<ReconciliationAnswer>;

export const reconciliations = listOf(reconciliation, "ReconciliationList");

export const health = z.object({ status: z.literal("ok") }).meta({ id: "Health" });

export const readiness = z
  .looseObject({
    status: z.enum(["ready", "not_ready"]),
    checks: z.record(z.string(), z.looseObject({ ok: z.boolean(), reason: z.string().optional() })),
  })
  .meta({ id: "Readiness" });
