import { z } from "zod";
import type { OverviewAnswer, SeriesAnswer } from "../answers/overview.ts";
import { time } from "./fields.ts";

const called = { ok: z.boolean(), reason: z.string().nullable() };
const counts = z.record(z.string(), z.int());

export const overview = z
  .object({
    object: z.literal("overview"),
    at: time,
    orders: z.object({ by_status: counts }),
    approvals: z.object({ open: z.int(), oldest_open_at: time.nullable() }),
    inbox: z.object({ by_state: counts, oldest_parked_at: time.nullable() }),
    deliveries: z.object({ pending: z.int(), failing: z.int(), oldest_pending_at: time.nullable() }),
    mail: z.object(called),
    provider: z.object({ ...called, name: z.string() }),
    database: z.object({
      version: z.string(),
      connections: z.int(),
      most_connections: z.int(),
      size_bytes: z.int(),
    }),
    processes: z.array(z.object({ id: z.string(), started_at: time, alive: z.boolean() })),
  })
  .meta({ id: "Overview" }) satisfies z.ZodType<OverviewAnswer>;

const count = z.int().nullable();

export const series = z
  .object({
    object: z.literal("series"),
    window: z.enum(["hour", "day"]),
    step_s: z.int(),
    data: z.array(
      z.object({
        at: time.describe("When the step begins."),
        orders_created: count,
        orders_ended: count,
        webhooks_received: count,
        payments_captured: count,
        approvals_decided: count,
        webhook_to_status_ms_p50: z.number().nullable(),
        webhook_to_status_ms_p95: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: "Series" }) satisfies z.ZodType<SeriesAnswer>;
