import Router from "@koa/router";
import type { Context } from "koa";
import { z } from "zod";
import { hashOf, hintOf, newApiKey } from "../access/secret.ts";
import type { ApiKeyAnswer, ApiKeyWithKey } from "../contract/answers/api-keys.ts";
import { createApiKey, rotateApiKey } from "../contract/api-keys.ts";
import { listOf, paging } from "../contract/paging.ts";
import {
  getApiKey,
  insertApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey as replaceKey,
  type ApiKeyRow,
} from "../db/api-keys.ts";
import type { Pool } from "../db/pool.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Log } from "../log.ts";
import { readJson } from "./body.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

/** Live ones of one tenant. */
const MOST = 100;

const listQuery = z.strictObject(paging);

type RoutedContext = Context & { params: Record<string, string> };

/** API keys that are made while the service runs. Those of API_KEYS are the operator's, and not here. */
export const apiKeyRoutes = (pool: Pool, log: Log): Router =>
  new Router()
    .post("/api-keys", async (ctx) => {
      const { tenant, user } = principal(ctx, "admin");
      const wanted = validate(createApiKey, await readJson(ctx));
      const key = newApiKey();
      const row = await insertApiKey(
        pool,
        {
          ...{ id: newId("key"), tenant, role: wanted.role, created_by: user },
          user_name: wanted.user ?? `${wanted.role}@${tenant}`,
          description: wanted.description,
          ...{ hint: hintOf(key), key_hash: hashOf(key), expires_in: wanted.expires_in },
        },
        MOST,
      );
      if (!row) throw new AppError("conflict", `There are ${MOST} API keys already: revoke one first.`);
      log.info({ tenant, key: row.id, role: row.role, by: user }, "an API key was made");
      ctx.status = 201;
      ctx.set("Cache-Control", "no-store");
      ctx.body = { ...present(row), key } satisfies ApiKeyWithKey;
    })
    .get("/api-keys", async (ctx) => {
      const { tenant } = principal(ctx, "admin");
      const { limit, cursor } = validate(listQuery, { ...ctx.query }, "The query");
      const rows = await listApiKeys(pool, tenant, { before: cursor, limit: limit + 1 });
      ctx.body = listOf(rows, limit, present);
    })
    .post("/api-keys/:id/rotate", async (ctx) => {
      const { tenant, user } = principal(ctx, "admin");
      const { id } = await keyOf(ctx, pool, tenant);
      const { grace_s: graceS } = validate(rotateApiKey, await readJson(ctx));
      const key = newApiKey();
      const row = await replaceKey(pool, tenant, id, { key_hash: hashOf(key), hint: hintOf(key), graceS });
      if (!row) throw new AppError("conflict", "The key was revoked or has expired; make another one.");
      log.info({ tenant, key: id, by: user, grace_s: graceS }, "an API key was rotated");
      ctx.set("Cache-Control", "no-store");
      ctx.body = { ...present(row), key } satisfies ApiKeyWithKey;
    })
    .delete("/api-keys/:id", async (ctx) => {
      const { tenant, user } = principal(ctx, "admin");
      const { id } = await keyOf(ctx, pool, tenant);
      await revokeApiKey(pool, tenant, id);
      log.info({ tenant, key: id, by: user }, "an API key was revoked");
      ctx.status = 204;
    });

/** @throws AppError `not_found`, also for another tenant's */
async function keyOf(ctx: RoutedContext, pool: Pool, tenant: string): Promise<ApiKeyRow> {
  const id = ctx.params["id"] ?? "";
  const row = /^key_[0-9a-z]{26}$/.test(id) ? await getApiKey(pool, tenant, id) : null;
  if (!row) throw new AppError("not_found", `There is no API key ${id.slice(0, 64)}.`);
  return row;
}

const present = (row: ApiKeyRow): ApiKeyAnswer => ({
  id: row.id,
  object: "api_key",
  role: row.role,
  user: row.user_name,
  description: row.description,
  hint: row.hint,
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
  rotated_at: row.rotated_at?.toISOString() ?? null,
  previous_until: row.previous_until?.toISOString() ?? null,
  expires_at: row.expires_at?.toISOString() ?? null,
  last_used_at: row.used_at?.toISOString() ?? null,
  revoked_at: row.revoked_at?.toISOString() ?? null,
});
