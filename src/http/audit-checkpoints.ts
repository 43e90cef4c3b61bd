import Router from "@koa/router";
import type { Context } from "koa";
import { publicKeyPem } from "../audit/checkpoint-key.ts";
import { parseCheckpoint } from "../audit/checkpoint-text.ts";
import type { Checkpoints } from "../audit/checkpoints.ts";
import { proveOrder } from "../audit/prove.ts";
import { createSigningKeys } from "../audit/signing-keys.ts";
import {
  checkpointNumber,
  listCheckpointsQuery,
  makeCheckpoint,
  proofQuery,
} from "../contract/audit-checkpoints.ts";
import type { AuditKeys } from "../contract/answers/audit.ts";
import type { List } from "../contract/paging.ts";
import { getTrailHead } from "../db/audit-index.ts";
import { getCheckpoint, listCheckpoints } from "../db/checkpoints.ts";
import type { Pool } from "../db/pool.ts";
import type { SignedCheckpoint } from "../domain/audit-checkpoint.ts";
import { AppError } from "../errors.ts";
import { isOrderId } from "./audit-query.ts";
import { readJson } from "./body.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

export interface CheckpointRoutesDeps {
  pool: Pool;
  /** Null: this process makes none. */
  checkpoints: Checkpoints | null;
}

type RouteContext = Context & { params: Record<string, string> };

/**
 * Signed statements over all trails, and the proof that an order is in one. They are the installation's and name no tenant, so
 * every key may read them.
 */
export function checkpointRoutes({ pool, checkpoints }: CheckpointRoutesDeps): Router {
  return new Router()
    .post("/audit/checkpoints", async (ctx) => {
      principal(ctx, "admin");
      const { sweep, accept_new_key } = validate(
        makeCheckpoint,
        ctx.request.length ? await readJson(ctx) : {},
      );
      if (!checkpoints)
        throw new AppError(
          "conflict",
          "No checkpoints are made here: set CHECKPOINT_KEY_FILE, and start again.",
        );
      const made = await checkpoints.make({ sweep, acceptNewKey: accept_new_key });
      ctx.status = 201;
      ctx.body = made.at(-1);
    })
    .get("/audit/checkpoints", async (ctx) => {
      principal(ctx);
      const { limit, cursor } = validate(listCheckpointsQuery, { ...ctx.query }, "The query");
      const rows = await listCheckpoints(pool, { before: cursor, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const has_more = rows.length > limit;
      ctx.body = {
        object: "list",
        data: page.map(({ statement }) => parseCheckpoint(statement)),
        has_more,
        next_cursor: has_more ? String(page.at(-1)?.number) : null,
      } satisfies List<SignedCheckpoint>;
    })
    .get("/audit/checkpoints/:number", async (ctx) => {
      principal(ctx);
      const { number } = validate(checkpointNumber, { number: ctx.params["number"] }, "The path");
      const row = await getCheckpoint(pool, number);
      if (!row) throw new AppError("not_found", `There is no checkpoint ${number}.`);
      ctx.type = "json";
      ctx.body = row.statement;
    })
    .get("/orders/:id/audit/proof", async (ctx: RouteContext) => {
      const { tenant } = principal(ctx);
      const id = ctx.params["id"] ?? "";
      const { checkpoint } = validate(proofQuery, { ...ctx.query }, "The query");
      if (!isOrderId(id) || !(await getTrailHead(pool, tenant, id)))
        throw new AppError("not_found", `There is no order ${id.slice(0, 64)}.`);
      const proof = await proveOrder(pool, id, checkpoint ?? null);
      if (!proof)
        throw new AppError(
          "not_found",
          "No checkpoint states this order's trail yet; make one with POST /v1/audit/checkpoints.",
        );
      ctx.body = proof;
    });
}

/** The public keys, at a path that is open: whoever verifies has no API key. */
export function auditKeyRoutes(pool: Pool): Router {
  const signingKeys = createSigningKeys(pool);
  return new Router().get("/.well-known/countersign-audit.json", async (ctx) => {
    const keys = await signingKeys();
    ctx.set("Cache-Control", "max-age=300");
    ctx.body = {
      object: "audit_keys",
      algorithm: "Ed25519",
      keys: keys.map(({ key, from, to }) => ({ key, pem: publicKeyPem(key), first: from, last: to })),
    } satisfies AuditKeys;
  });
}
