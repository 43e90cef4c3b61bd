import { derivedId } from "../domain/derived-id.ts";
import type { Queryable } from "./pool.ts";

export interface IdempotencyRecord {
  request_hash: string;
  object_id: string;
  response: unknown;
}

/** Claims a key for a request. Null when the claim is ours; otherwise what the first request left. */
export async function claimKey(
  tx: Queryable,
  claim: { tenant: string; operation: string; key: string; request_hash: string; object_id: string },
): Promise<IdempotencyRecord | null> {
  const { rowCount } = await tx.query(
    `insert into countersign.idempotency_keys (tenant, operation, key, request_hash, object_id)
     values ($1, $2, $3, $4, $5) on conflict do nothing`,
    [claim.tenant, claim.operation, claim.key, claim.request_hash, claim.object_id],
  );
  return rowCount === 1 ? null : findKey(tx, claim.tenant, claim.operation, claim.key);
}

export async function findKey(
  db: Queryable,
  tenant: string,
  operation: string,
  key: string,
): Promise<IdempotencyRecord | null> {
  const { rows } = await db.query<IdempotencyRecord>(
    `select request_hash, object_id, response from countersign.idempotency_keys
      where tenant = $1 and operation = $2 and key = $3`,
    [tenant, operation, key],
  );
  return rows[0] ?? null;
}

/** Keeps what was answered, unless an answer is kept already. */
export const keepResponse = (
  db: Queryable,
  tenant: string,
  operation: string,
  key: string,
  response: unknown,
) =>
  db.query(
    `update countersign.idempotency_keys set response = $4
      where tenant = $1 and operation = $2 and key = $3 and response is null`,
    [tenant, operation, key, JSON.stringify(response)],
  );

/** Rewrites the answers that are kept about these objects. @returns how many there were */
export async function maskResponses(
  tx: Queryable,
  objectIds: string[],
  mask: (response: unknown) => unknown,
): Promise<number> {
  const { rows } = await tx.query<{ tenant: string; operation: string; key: string; response: unknown }>(
    `select tenant, operation, key, response from countersign.idempotency_keys
      where object_id = any($1) and response is not null for update`,
    [objectIds],
  );
  for (const { tenant, operation, key, response } of rows)
    await tx.query(
      "update countersign.idempotency_keys set response = $4 where tenant = $1 and operation = $2 and key = $3",
      [tenant, operation, key, JSON.stringify(mask(response))],
    );
  return rows.length;
}

/** Ids of objects that requests with a key make. */
const KEYED = ["ord", "rfd", "apr", "dlg", "ers"];

/**
 * Forgets keys of requests that made their object before `time`: ids begin with their time, so that a span of time is a span
 * of the index. @returns how many
 */
export async function forgetKeysBefore(db: Queryable, time: Date, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from countersign.idempotency_keys
      where (tenant, operation, key) in (
        select k.tenant, k.operation, k.key
          from unnest($1::text[], $2::text[]) as span(first, last)
         cross join lateral (
           select tenant, operation, key from countersign.idempotency_keys
            where object_id > span.first and object_id < span.last limit $3) k)`,
    [KEYED.map((prefix) => `${prefix}_`), KEYED.map((prefix) => derivedId(prefix, time, "")), limit],
  );
  return rowCount ?? 0;
}
