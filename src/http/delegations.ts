import { createHash } from "node:crypto";
import Router from "@koa/router";
import canonicalize from "canonicalize";
import type { Context } from "koa";
import { z } from "zod";
import type { DelegationAnswer } from "../contract/answers/approvals.ts";
import { createDelegation, listDelegationsQuery } from "../contract/delegations.ts";
import { listOf, paging } from "../contract/paging.ts";
import { openApprovalsNaming } from "../db/approvals.ts";
import {
  delegationsToChange,
  deleteDelegation,
  getDelegation,
  insertDelegation,
  listDelegations,
  type DelegationRow,
} from "../db/delegations.ts";
import { claimKey, keepResponse } from "../db/idempotency-keys.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import { normalisedAddress } from "../domain/address.ts";
import type { ApprovalMessage } from "../domain/approval.ts";
import { delegationObstacle, delegationStatus, overlapping } from "../domain/delegation.ts";
import { route } from "../engine/messages.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Log } from "../log.ts";
import { readJson } from "./body.ts";
import { apiActor, principal, type Principal } from "./context.ts";
import { idempotencyKey } from "./idempotency.ts";
import { validate } from "./validate.ts";

const OPERATION = "POST /v1/delegations";

/** So many approvals are told by one statement. */
const BATCH = 500;

const listQuery = z.strictObject({ ...listDelegationsQuery.shape, ...paging });

type RoutedContext = Context & { params: Record<string, string> };

/** Who is away, and who decides in their place meanwhile. */
export const delegationRoutes = (pool: Pool, log: Log): Router =>
  new Router()
    .post("/delegations", (ctx) => create(ctx, pool, log))
    .get("/delegations", async (ctx) => {
      const { tenant } = principal(ctx);
      const { limit, cursor, ended = false } = validate(listQuery, { ...ctx.query }, "The query");
      const page = { ended, now: new Date(), before: cursor, limit: limit + 1 };
      ctx.body = listOf(await listDelegations(pool, tenant, page), limit, present);
    })
    .get("/delegations/:id", async (ctx) => {
      const { tenant } = principal(ctx);
      ctx.body = present(await delegationOf(ctx, pool, tenant));
    })
    .delete("/delegations/:id", (ctx) => remove(ctx, pool, log));

async function create(ctx: Context, pool: Pool, log: Log): Promise<void> {
  const caller = principal(ctx, "finance");
  const { tenant } = caller;
  const key = idempotencyKey(ctx);
  const body = await readJson(ctx);
  const wanted = validate(createDelegation, body);
  mustBeOwn(caller, wanted.from);
  const request_hash = createHash("sha256")
    .update(canonicalize(body) ?? "")
    .digest("hex");
  const result = await inTransaction(pool, async (tx) => {
    const id = newId("dlg");
    const earlier = await claimKey(tx, { tenant, operation: OPERATION, key, request_hash, object_id: id });
    if (earlier) return { ...earlier, earlier: true, dispatch: null };
    const now = new Date();
    const [starts_at, ends_at] = [new Date(wanted.starts_at), new Date(wanted.ends_at)];
    const { from, to } = wanted;
    const made = {
      ...{ id, from, to, starts_at: starts_at.toISOString(), ends_at: ends_at.toISOString() },
      created_by: caller.user,
    };
    const wrong = delegationObstacle(made, now);
    if (wrong) throw badField(wrong.path, wrong.message);
    const other = overlapping(await delegationsToChange(tx, tenant, now), made);
    if (other)
      throw new AppError(
        "conflict",
        `${other.to} stands in for ${other.from} from ${other.starts_at} to ${other.ends_at} already: delete ${other.id}, or choose another time.`,
      );
    const reason = wanted.reason ?? null;
    await insertDelegation(tx, tenant, { ...made, reason }, caller.user);
    const dispatch = await tell(tx, tenant, from, log, {
      key: `delegations:made:${id}`,
      message: { type: "delegations", made: [made], deleted: [], actor: apiActor(caller) },
    });
    const response = present({ ...made, reason, created_at: now });
    await keepResponse(tx, tenant, OPERATION, key, response);
    return { object_id: id, request_hash, response, earlier: false, dispatch };
  });
  result.dispatch?.();
  if (result.request_hash !== request_hash)
    throw new AppError(
      "idempotency_mismatch",
      "This Idempotency-Key was used with another body; use a new key for a new delegation.",
    );
  if (result.earlier) ctx.set("Idempotent-Replayed", "true");
  ctx.status = 201;
  ctx.set("Location", `/v1/delegations/${result.object_id}`);
  ctx.body = result.response;
}

async function remove(ctx: RoutedContext, pool: Pool, log: Log): Promise<void> {
  const caller = principal(ctx, "finance");
  const { tenant } = caller;
  const dispatch = await inTransaction(pool, async (tx) => {
    await delegationsToChange(tx, tenant, new Date());
    const { id, from } = await delegationOf(ctx, tx, tenant);
    mustBeOwn(caller, from);
    await deleteDelegation(tx, tenant, id);
    return tell(tx, tenant, from, log, {
      key: `delegations:deleted:${id}`,
      message: { type: "delegations", made: [], deleted: [id], actor: apiActor(caller) },
    });
  });
  dispatch();
  ctx.status = 204;
}

/**
 * Tells every open approval that names `person`, in batches and in the order of their ids, which is how every router locks
 * them. What is opened later reads the delegation itself.
 */
async function tell(
  tx: Tx,
  tenant: string,
  person: string,
  log: Log,
  letter: { key: string; message: ApprovalMessage },
): Promise<() => void> {
  const dispatches: (() => void)[] = [];
  for (let after = ""; ;) {
    const ids = await openApprovalsNaming(tx, tenant, normalisedAddress(person), { after, limit: BATCH });
    const { dispatch } = await route(
      tx,
      "approval",
      ids.map((to) => ({ to, ...letter })),
      log,
    );
    dispatches.push(dispatch);
    const last = ids.at(-1);
    if (last === undefined || ids.length < BATCH) return () => dispatches.forEach((begin) => begin());
    after = last;
  }
}

/** Finance gives away its own decisions alone: who could name a deputy for others could decide in all their places. */
function mustBeOwn(caller: Principal, from: string): void {
  if (caller.role === "admin" || normalisedAddress(caller.user) === normalisedAddress(from)) return;
  throw new AppError(
    "forbidden",
    `from: this key may delegate for ${caller.user} alone; for anybody else use a key of role admin.`,
  );
}

const badField = (path: string, message: string) =>
  new AppError("invalid_request", `${path}: ${message}`, { errors: [{ path, message }] });

async function delegationOf(ctx: RoutedContext, db: Pool | Tx, tenant: string): Promise<DelegationRow> {
  const id = ctx.params["id"] ?? "";
  const row = /^dlg_[0-9a-z]{26}$/.test(id) ? await getDelegation(db, tenant, id) : null;
  if (!row) throw new AppError("not_found", `There is no delegation ${id.slice(0, 64)}.`);
  return row;
}

/** As the API shows it. */
const present = (row: DelegationRow): DelegationAnswer => ({
  id: row.id,
  object: "delegation",
  status: delegationStatus(row, new Date()),
  from: row.from,
  to: row.to,
  starts_at: row.starts_at,
  ends_at: row.ends_at,
  reason: row.reason,
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
});
