import Router from "@koa/router";
import { remembered } from "../access/remembered.ts";
import type { OverviewAnswer, SeriesAnswer } from "../contract/answers/overview.ts";
import { seriesQuery } from "../contract/overview.ts";
import { readOverview } from "../db/overview.ts";
import { readSeries } from "../db/overview-series.ts";
import type { Pool } from "../db/pool.ts";
import { OPEN_STATUSES } from "../domain/order.ts";
import { seriesOf, WINDOWS, type SeriesWindow } from "../domain/series.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

export interface OverviewDeps {
  pool: Pool;
  /** How those whom we call have been lately. */
  health: Record<"provider" | "mail", { state(): { ok: boolean; reason?: string } }>;
  /** The provider's name. */
  provider: string;
}

/** However many look, it is read so often. */
const FRESH_MS = 2_000;
const SERIES_FRESH_MS = { hour: 5_000, day: 30_000 } as const;

/** What is open, and what has happened, for the pages of operators. */
export function overviewRoutes({ pool, health, provider }: OverviewDeps): Router {
  const overviews = remembered(
    (key) => {
      const [role, tenant = ""] = split(key);
      return readOverview(pool, { tenant, admin: role === "admin", openStatuses: OPEN_STATUSES });
    },
    { forMs: FRESH_MS },
  );
  const read = (window: SeriesWindow) => (tenant: string) => series(pool, tenant, window);
  const serieses = {
    hour: remembered(read("hour"), { forMs: SERIES_FRESH_MS.hour, most: 500 }),
    day: remembered(read("day"), { forMs: SERIES_FRESH_MS.day, most: 500 }),
  };
  return new Router()
    .get("/overview", async (ctx) => {
      const { tenant, role } = principal(ctx);
      const row = await overviews.get(`${role === "admin" ? "admin" : "other"}:${tenant}`);
      const called = (who: "provider" | "mail") => {
        const { ok, reason = null } = health[who].state();
        return { ok, reason };
      };
      ctx.body = {
        object: "overview",
        at: new Date().toISOString(),
        orders: { by_status: row.orders },
        approvals: { open: row.approvals_open, oldest_open_at: row.oldest_open_at },
        inbox: { by_state: row.inbox, oldest_parked_at: row.oldest_parked_at },
        deliveries: {
          pending: row.deliveries_pending,
          failing: row.endpoints_failing,
          oldest_pending_at: row.oldest_pending_at,
        },
        mail: called("mail"),
        provider: { name: provider, ...called("provider") },
        database: {
          version: row.version,
          connections: row.connections,
          most_connections: row.most_connections,
          size_bytes: Number(row.size_bytes),
        },
        processes: row.processes,
      } satisfies OverviewAnswer;
    })
    .get("/overview/series", async (ctx) => {
      const { tenant } = principal(ctx);
      const { window } = validate(seriesQuery, { ...ctx.query }, "The query");
      ctx.body = await serieses[window].get(tenant);
    });
}

const split = (key: string): [string, string] => {
  const at = key.indexOf(":");
  return [key.slice(0, at), key.slice(at + 1)];
};

async function series(pool: Pool, tenant: string, window: SeriesWindow): Promise<SeriesAnswer> {
  const now = new Date();
  const { steps, stepS } = WINDOWS[window];
  const since = new Date((Math.floor(now.getTime() / 1000 / stepS) - steps + 1) * stepS * 1000);
  const rows = await readSeries(pool, tenant, { since, stepS });
  return { object: "series", window, step_s: stepS, data: seriesOf(rows, { since, stepS, steps }) };
}
