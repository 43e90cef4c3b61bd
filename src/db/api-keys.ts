import type { Role } from "../domain/role.ts";
import type { Queryable } from "./pool.ts";

/** A key as it may be shown: never its hash. */
export interface ApiKeyRow {
  id: string;
  tenant: string;
  role: Role;
  user_name: string;
  description: string | null;
  hint: string;
  previous_until: Date | null;
  created_by: string;
  created_at: Date;
  rotated_at: Date | null;
  expires_at: Date | null;
  used_at: Date | null;
  revoked_at: Date | null;
}

const COLUMNS = `id, tenant, role, user_name, description, hint,
  case when previous_until > now() then previous_until end as previous_until,
  created_by, created_at, rotated_at, expires_at, used_at, revoked_at`;

export const LIVE_KEY = "k.revoked_at is null and (k.expires_at is null or k.expires_at > now())";

export interface NewApiKey {
  id: string;
  tenant: string;
  role: Role;
  user_name: string;
  description: string | null;
  hint: string;
  key_hash: string;
  created_by: string;
  /** Seconds from now; null: never. */
  expires_in: number | null;
}

/** Null when the tenant has `most` live ones already. */
export async function insertApiKey(db: Queryable, key: NewApiKey, most: number): Promise<ApiKeyRow | null> {
  const { rows } = await db.query<ApiKeyRow>(
    `insert into countersign.api_keys
            (id, tenant, role, user_name, description, hint, key_hash, created_by, expires_at)
     select $1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9)
      where (select count(*) from countersign.api_keys k where tenant = $2 and ${LIVE_KEY}) < $10
     returning ${COLUMNS}`,
    [
      ...[key.id, key.tenant, key.role, key.user_name, key.description, key.hint, key.key_hash],
      ...[key.created_by, key.expires_in, most],
    ],
  );
  return rows[0] ?? null;
}

/** Newest first. */
export async function listApiKeys(
  db: Queryable,
  tenant: string,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<ApiKeyRow[]> {
  const { rows } = await db.query<ApiKeyRow>(
    `select ${COLUMNS} from countersign.api_keys
      where tenant = $1 and ($2::text is null or id < $2) order by id desc limit $3`,
    [tenant, before ?? null, limit],
  );
  return rows;
}

export async function getApiKey(db: Queryable, tenant: string, id: string): Promise<ApiKeyRow | null> {
  const { rows } = await db.query<ApiKeyRow>(
    `select ${COLUMNS} from countersign.api_keys where tenant = $1 and id = $2`,
    [tenant, id],
  );
  return rows[0] ?? null;
}

/** Who holds a key, by its hash; says at most every five minutes that it was used. Null when it is not good (any more). */
export async function findHolder(
  db: Queryable,
  keyHash: string,
): Promise<Pick<ApiKeyRow, "id" | "tenant" | "role" | "user_name"> | null> {
  const { rows } = await db.query<Pick<ApiKeyRow, "id" | "tenant" | "role" | "user_name">>(
    `with found as (
       select id, tenant, role, user_name, used_at from countersign.api_keys k
        where (key_hash = $1 or (previous_hash = $1 and previous_until > now())) and ${LIVE_KEY}
     ), used as (
       update countersign.api_keys k set used_at = now() from found
        where k.id = found.id and coalesce(found.used_at, '-infinity') < now() - interval '5 minutes'
     )
     select id, tenant, role, user_name from found`,
    [keyHash],
  );
  return rows[0] ?? null;
}

/** The former key stays good for `graceS` seconds. Null when there is no live one. */
export async function rotateApiKey(
  db: Queryable,
  tenant: string,
  id: string,
  { key_hash, hint, graceS }: { key_hash: string; hint: string; graceS: number },
): Promise<ApiKeyRow | null> {
  const { rows } = await db.query<ApiKeyRow>(
    `update countersign.api_keys k
        set previous_hash = case when $5 > 0 then key_hash end,
            previous_until = case when $5 > 0 then now() + make_interval(secs => $5) end,
            key_hash = $3, hint = $4, rotated_at = now()
      where tenant = $1 and id = $2 and ${LIVE_KEY}
     returning ${COLUMNS}`,
    [tenant, id, key_hash, hint, graceS],
  );
  return rows[0] ?? null;
}

/** Ends the key and every session that was signed in with it. False when there is none; again, it changes nothing. */
export async function revokeApiKey(db: Queryable, tenant: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `with ended as (
       delete from countersign.console_sessions s using countersign.api_keys k
        where k.tenant = $1 and k.id = $2 and s.credential = k.id
     )
     update countersign.api_keys set revoked_at = coalesce(revoked_at, now()), previous_hash = null, previous_until = null
      where tenant = $1 and id = $2`,
    [tenant, id],
  );
  return rowCount === 1;
}
