import { AsyncLocalStorage } from "node:async_hooks";
import type pg from "pg";
import { createPool, type Pool, type PoolOptions, type Queryable } from "./pool.ts";

const current = new AsyncLocalStorage<string>();

/** Runs `work` for one tenant: in it, and in all that it awaits, a tenant pool shows that tenant's rows alone. */
export const inTenant = <T>(tenant: string, work: () => T): T => current.run(tenant, work);

/** A tenant pool for what outlives the request that began it, such as an export that is read as fast as its reader takes it. */
export const boundTo = (pool: Pool, tenant: string): Queryable => ({
  query: ((...args: Parameters<Pool["query"]>) =>
    inTenant(tenant, () => pool.query(...args))) as Pool["query"],
});

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * The pool of requests. A connection is told whose request it serves before it is handed out, and PostgreSQL's policies
 * (migration 0022) hide the rows of everybody else, also from a statement that forgot its `where tenant`. A connection
 * remembers its tenant, so only one that served another tenant costs a statement. Told outside of transactions, since a
 * rollback would take it back.
 * @throws Error when a query belongs to no tenant: it is not for this pool, and must not see everything
 */
export function createTenantPool(options: PoolOptions): Pool {
  const pool = createPool(options);
  const told = new WeakMap<pg.PoolClient, string>();
  const connect = pool.connect.bind(pool);

  async function ask(): Promise<pg.PoolClient> {
    const tenant = current.getStore();
    // The empty tenant is what the policies take for the service itself.
    if (!tenant)
      throw new Error("a query of no tenant was sent to the tenants' pool: give it to the service's own");
    const client = await connect();
    if (told.get(client) === tenant) return client;
    try {
      told.delete(client);
      await client.query({ text: "select set_config('countersign.tenant', $1, false)", values: [tenant] });
      told.set(client, tenant);
      return client;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
  function scoped(): Promise<pg.PoolClient>;
  function scoped(callback: Connected): void;
  function scoped(callback?: Connected): Promise<pg.PoolClient> | void {
    if (!callback) return ask();
    ask().then(
      (client) => callback(undefined, client, (error) => client.release(error as Error)),
      (error: Error) => callback(error, undefined, () => {}),
    );
  }
  pool.connect = scoped;
  return pool;
}
