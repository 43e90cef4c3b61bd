import type { Queryable } from "./pool.ts";

/** A mailed link to sign in by. */
export interface SignInLink {
  tenant: string;
  address: string;
}

export const insertSignIn = (db: Queryable, link: SignInLink & { token_hash: string; forS: number }) =>
  db.query(
    `insert into countersign.console_sign_ins (token_hash, tenant, address, expires_at)
     values ($1, $2, $3, now() + make_interval(secs => $4))`,
    [link.token_hash, link.tenant, link.address, link.forS],
  );

export async function findSignIn(db: Queryable, tokenHash: string): Promise<SignInLink | null> {
  const { rows } = await db.query<SignInLink>(
    "select tenant, address from countersign.console_sign_ins where token_hash = $1 and expires_at > now()",
    [tokenHash],
  );
  return rows[0] ?? null;
}

/** Uses it up: of two who come with the same link, one is let in. */
export async function takeSignIn(db: Queryable, tokenHash: string): Promise<SignInLink | null> {
  const { rows } = await db.query<SignInLink>(
    "delete from countersign.console_sign_ins where token_hash = $1 and expires_at > now() returning tenant, address",
    [tokenHash],
  );
  return rows[0] ?? null;
}
