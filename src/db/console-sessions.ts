import type { Role } from "../domain/role.ts";
import { LIVE_KEY } from "./api-keys.ts";
import type { Queryable } from "./pool.ts";

export type SignInMethod = "key" | "mail" | "oidc";

export interface SessionRow {
  id: string;
  csrf: string;
  tenant: string;
  user_name: string;
  method: SignInMethod;
  credential: string;
  /** The earlier of its idle and its absolute end. */
  expires_at: Date;
  /** Its token is to be replaced. */
  due: boolean;
  /** Of the API key made at run time that it stands on, if that is good; null otherwise. */
  key_role: Role | null;
}

export interface NewSession {
  id: string;
  token_hash: string;
  csrf: string;
  tenant: string;
  user_name: string;
  method: SignInMethod;
  credential: string;
  /** Seconds until its absolute end. */
  maxS: number;
}

export const insertSession = (db: Queryable, session: NewSession) =>
  db.query(
    `insert into countersign.console_sessions
            (id, token_hash, csrf, tenant, user_name, method, credential, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8))`,
    [
      ...[session.id, session.token_hash, session.csrf, session.tenant, session.user_name],
      ...[session.method, session.credential, session.maxS],
    ],
  );

interface Terms {
  idleS: number;
  /** How old a token becomes. */
  rotateS: number;
}

/** Null when there is none, or it is over. Notes at most once a minute that it was seen. */
export async function findSession(
  db: Queryable,
  tokenHash: string,
  { idleS, rotateS }: Terms,
): Promise<SessionRow | null> {
  const { rows } = await db.query<SessionRow>(
    `with found as (
       select * from countersign.console_sessions
        where (token_hash = $1 or (previous_hash = $1 and (previous_until is null or previous_until > now())))
          and expires_at > now() and seen_at > now() - make_interval(secs => $2)
     ), seen as (
       update countersign.console_sessions s
          set seen_at = now(),
              previous_until = case when s.previous_hash is not null and s.token_hash = $1
                                    then coalesce(s.previous_until, now() + interval '1 minute')
                                    else s.previous_until end
         from found
        where s.id = found.id
          and (found.seen_at < now() - interval '1 minute'
               or (found.token_hash = $1 and found.previous_hash is not null and found.previous_until is null))
     )
     select found.id, csrf, found.tenant, found.user_name, method, credential,
            least(found.expires_at, now() + make_interval(secs => $2)) as expires_at,
            found.rotated_at < now() - make_interval(secs => $3) as due, k.role as key_role
       from found left join countersign.api_keys k on k.id = found.credential and ${LIVE_KEY}`,
    [tokenHash, idleS, rotateS],
  );
  return rows[0] ?? null;
}

/** Gives the session a new token, unless somebody has just done so. The one that was shown stays good until the new one is. */
export async function rotateSession(
  db: Queryable,
  { shown, next, rotateS }: { shown: string; next: string; rotateS: number },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update countersign.console_sessions
        set token_hash = $2, previous_hash = $1, previous_until = null, rotated_at = now()
      where (token_hash = $1 or previous_hash = $1) and rotated_at < now() - make_interval(secs => $3)`,
    [shown, next, rotateS],
  );
  return rowCount === 1;
}

/** Replaces a session by one of another tenant with the same end. False when it was over, or replaced a moment ago. */
export async function moveSession(
  db: Queryable,
  {
    shown,
    next,
    id,
    csrf,
    tenant,
  }: { shown: string; next: string; id: string; csrf: string; tenant: string },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `with former as (
       delete from countersign.console_sessions where token_hash = $1 or previous_hash = $1 returning *
     )
     insert into countersign.console_sessions
            (id, token_hash, csrf, tenant, user_name, method, credential, created_at, expires_at)
     select $3, $2, $4, $5, user_name, method, credential, created_at, expires_at from former
      where expires_at > now()`,
    [shown, next, id, csrf, tenant],
  );
  return rowCount === 1;
}

export const deleteSession = (db: Queryable, tokenHash: string) =>
  db.query("delete from countersign.console_sessions where token_hash = $1 or previous_hash = $1", [
    tokenHash,
  ]);

/** Removes sessions and sign-in links that are over; those that nobody uses go with the absolute end. */
export const deleteOldSessions = (db: Queryable) =>
  db.query(
    `with links as (delete from countersign.console_sign_ins where expires_at < now())
     delete from countersign.console_sessions where expires_at < now()`,
  );
