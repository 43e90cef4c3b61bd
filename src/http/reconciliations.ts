import Router from "@koa/router";
import { z } from "zod";
import type { ReconciliationAnswer } from "../contract/answers/reconciliations.ts";
import { listOf, paging } from "../contract/paging.ts";
import { startReconciliation } from "../contract/reconciliations.ts";
import type { Pool } from "../db/pool.ts";
import { getReconciliation, listReconciliations, type ReconciliationRow } from "../db/reconciliations.ts";
import { AppError } from "../errors.ts";
import { readJson } from "./body.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

export interface ReconciliationDeps {
  pool: Pool;
  report: (tenant: string, since: Date, startedBy: string, allEvents: boolean) => Promise<string>;
}

const listQuery = z.strictObject(paging);
const RECENT_MS = 3 * 86_400_000;

/** Reports that compare orders with the provider. */
export const reconciliationRoutes = ({ pool, report }: ReconciliationDeps): Router =>
  new Router()
    .post("/reconciliations", async (ctx) => {
      const { tenant, user } = principal(ctx, "finance");
      const { since, all_events } = validate(startReconciliation, await readJson(ctx));
      const from = since ? new Date(since) : new Date(Date.now() - RECENT_MS);
      const id = await report(tenant, from, user, all_events);
      ctx.status = 202;
      ctx.set("Location", `/v1/reconciliations/${id}`);
      ctx.body = present(await rowOf(pool, tenant, id));
    })
    .get("/reconciliations", async (ctx) => {
      const { tenant } = principal(ctx, "support");
      const { limit, cursor } = validate(listQuery, { ...ctx.query }, "The query");
      ctx.body = listOf(
        await listReconciliations(pool, tenant, { before: cursor, limit: limit + 1 }),
        limit,
        present,
      );
    })
    .get("/reconciliations/:id", async (ctx) => {
      const { tenant } = principal(ctx, "support");
      ctx.body = present(await rowOf(pool, tenant, ctx.params["id"] ?? ""));
    });

async function rowOf(pool: Pool, tenant: string, id: string): Promise<ReconciliationRow> {
  const row = /^rec_[0-9a-z]{26}$/.test(id) ? await getReconciliation(pool, tenant, id) : null;
  if (!row) throw new AppError("not_found", `There is no reconciliation ${id.slice(0, 64)}.`);
  return row;
}

/** One that stands still for longer was left by a process that died. */
const STANDS_STILL_MS = 5 * 60_000;

function present(row: ReconciliationRow): ReconciliationAnswer {
  const left = row.status === "running" && Date.now() - row.touched_at.getTime() > STANDS_STILL_MS;
  return {
    id: row.id,
    object: "reconciliation",
    status: left ? "failed" : row.status,
    started_by: row.started_by,
    since: row.since.toISOString(),
    checked: row.checked,
    differences: row.differences,
    failure: left ? "the process that ran it ended; start another" : row.failure,
    started_at: row.started_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}
