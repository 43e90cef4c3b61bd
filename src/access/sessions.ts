import {
  deleteOldSessions,
  deleteSession,
  findSession,
  insertSession,
  moveSession,
  rotateSession,
  type SessionRow,
  type SignInMethod,
} from "../db/console-sessions.ts";
import type { Queryable } from "../db/pool.ts";
import type { Role } from "../domain/role.ts";
import { newId } from "../ids.ts";
import { REMEMBER_MS, type Keyring } from "./keyring.ts";
import type { Operators } from "./operators.ts";
import { remembered } from "./remembered.ts";
import { hashOf, newToken, TOKEN_PATTERN } from "./secret.ts";

/** Who is signed in to the console. */
export interface Session {
  id: string;
  tenant: string;
  role: Role;
  user: string;
  /** Where its user may go on: an operator's places, or the key's tenant. */
  tenants: { tenant: string; role: Role }[];
  /** What every request that changes something has to show beside the cookie. */
  csrf: string;
  expires_at: Date;
  /** Its token is to be replaced. */
  due: boolean;
}

interface NewSession {
  tenant: string;
  user: string;
  method: SignInMethod;
  credential: string;
}

export interface Sessions {
  /** @returns the token for the cookie */
  begin(session: NewSession): Promise<string>;
  /** Null when it is over, or what it stood on is gone: a revoked key, an operator who is none any more. */
  find(token: string): Promise<Session | null>;
  /** @returns another token, or null when somebody else has just replaced it */
  rotate(token: string): Promise<string | null>;
  /**
   * Goes on in another tenant, as a session of its own that ends no later than this one, which is over.
   * @returns its token, or null when the user is no operator there, or the session was over
   */
  move(token: string, tenant: string): Promise<string | null>;
  end(token: string): Promise<void>;
}

export interface SessionTerms {
  /** Seconds without a request, and altogether. */
  idleS: number;
  maxS: number;
}

interface Deps extends SessionTerms {
  db: Queryable;
  keyring: Keyring;
  operators: Operators;
}

/** How old a token becomes: one that leaks is soon worth nothing. */
const ROTATE_S = 15 * 60;

/** Sessions are rows: every process knows them, and of their tokens only hashes are kept. */
export function createSessions({ db, keyring, operators, idleS, maxS }: Deps): Sessions {
  const rows = remembered((hash) => findSession(db, hash, { idleS, rotateS: ROTATE_S }), {
    forMs: REMEMBER_MS,
  });

  /** Its role is that of what it stands on, as that is now. */
  function roleOf({ method, credential, tenant, key_role }: SessionRow): Role | null {
    if (method !== "key") return operators.roleOf(tenant, credential);
    const configured = keyring.configured(credential);
    return key_role ?? (configured?.tenant === tenant ? configured.role : null);
  }

  return {
    async begin({ tenant, user, method, credential }) {
      const token = newToken();
      const [id, csrf] = [newId("ses"), newToken()];
      await deleteOldSessions(db);
      await insertSession(db, {
        ...{ id, csrf, tenant, method, credential, maxS },
        user_name: user,
        token_hash: hashOf(token),
      });
      return token;
    },
    async find(token) {
      const row = TOKEN_PATTERN.test(token) ? await rows.get(hashOf(token)) : null;
      const role = row && roleOf(row);
      if (!row || !role || row.expires_at <= new Date()) return null;
      const { id, tenant, user_name: user, method, credential, csrf, expires_at, due } = row;
      const tenants = method === "key" ? [{ tenant, role }] : operators.tenantsOf(credential);
      return { id, tenant, role, user, tenants, csrf, expires_at, due };
    },
    async rotate(token) {
      const next = newToken();
      const rotated = await rotateSession(db, {
        shown: hashOf(token),
        next: hashOf(next),
        rotateS: ROTATE_S,
      });
      rows.forget(hashOf(token));
      return rotated ? next : null;
    },
    async move(token, tenant) {
      const session = await this.find(token);
      if (!session?.tenants.some((place) => place.tenant === tenant)) return null;
      const next = newToken();
      const moved = await moveSession(db, {
        ...{ shown: hashOf(token), next: hashOf(next), tenant },
        ...{ id: newId("ses"), csrf: newToken() },
      });
      rows.forget(hashOf(token));
      return moved ? next : null;
    },
    async end(token) {
      await deleteSession(db, hashOf(token));
      rows.forget(hashOf(token));
    },
  };
}
