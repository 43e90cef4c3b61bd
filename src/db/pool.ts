import pg from "pg";
import { PreparedClient } from "./prepared-client.ts";
import { createServers, serversOf } from "./servers.ts";
import { openSession, ReadOnlyServer, steadyClient, type SessionLimits } from "./steady-client.ts";
import type { Log } from "../log.ts";

export type Pool = pg.Pool;
/** A connection inside a transaction. */
export type Tx = pg.PoolClient;
/** Whatever runs a query: the pool, or a connection inside a transaction. */
export type Queryable = Pick<pg.Pool | pg.PoolClient, "query">;

export interface PoolOptions {
  /** May name several servers, of which one takes writes. */
  url: string;
  /** More connections than about twice the cores make it slower, not faster. */
  max?: number;
  /** As seen in pg_stat_activity. */
  applicationName?: string;
  log?: Log;
  /** Prepare every statement with parameters; for the hot path alone. */
  prepared?: boolean;
  limits?: SessionLimits;
}

const INT8 = 20;

/** Who waits for a lock or a connection is told to come again, and does not hold up others for long. */
const LIMITS: SessionLimits = { statement: 30_000, lock: 5_000, idleInTransaction: 30_000 };
/** For what takes as long as it takes. */
export const NO_LIMITS: SessionLimits = { statement: 0, lock: 0, idleInTransaction: 0 };
const CONNECT_WITHIN_MS = 5_000;
/** When there is another server to ask. */
const CONNECT_EACH_WITHIN_MS = 2_500;
/** A server that has not answered so long after it should have ended the statement is gone. */
const SILENCE_MS = 5_000;

/**
 * A pool that outlives its server: connections that break are dropped, and the next query opens another. Where several
 * servers are named it finds the one that takes writes, also after another one has become it.
 */
export function createPool({
  url,
  max = 10,
  applicationName = "countersign",
  log,
  prepared = false,
  limits = LIMITS,
}: PoolOptions): Pool {
  const servers = createServers(serversOf(url));
  const pool = new pg.Pool({
    max,
    application_name: applicationName,
    connectionTimeoutMillis: servers.count > 1 ? CONNECT_EACH_WITHIN_MS : CONNECT_WITHIN_MS,
    idleTimeoutMillis: 30_000,
    ...(limits.statement === 0 ? {} : { query_timeout: limits.statement + SILENCE_MS }),
    keepAlive: true,
    types: { getTypeParser },
    Client: steadyClient(prepared ? PreparedClient : pg.Client, servers),
    // The pool waits for it, whatever its type says.
    onConnect: (client) => openSession(client, limits) as unknown as void,
  });
  const lost = (error: Error) => {
    // A server that stops while we do is what was asked for.
    if (!pool.ending) log?.warn({ err: error }, "a database connection was lost");
  };
  pool.on("error", lost);
  // without a listener of its own a connection that breaks between two queries of a transaction ends the process
  pool.on("connect", (client) => client.on("error", lost));
  if (servers.count > 1) askEach(pool, servers.count);
  return pool;
}

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** Who wants a connection waits until each server was asked once: one that is down or a standby is no reason to fail. */
function askEach(pool: Pool, servers: number): void {
  const connect = pool.connect.bind(pool);
  async function ask(): Promise<pg.PoolClient> {
    for (let asked = 1; ; asked++) {
      try {
        return await connect();
      } catch (error) {
        if (asked === servers || !isConnectionError(error) || isCrowded(error)) throw error;
      }
    }
  }
  function each(): Promise<pg.PoolClient>;
  function each(callback: Connected): void;
  function each(callback?: Connected): Promise<pg.PoolClient> | void {
    if (!callback) return ask();
    ask().then(
      (client) => callback(undefined, client, (error) => client.release(error as Error)),
      (error: Error) => callback(error, undefined, () => {}),
    );
  }
  pool.connect = each;
}

/** All connections are in use: not the server's fault. */
const isCrowded = (error: unknown): boolean =>
  error instanceof Error && error.message === "timeout exceeded when trying to connect";

/** Runs `work` in a transaction: committed when it resolves, rolled back when it throws. */
export async function inTransaction<T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("begin");
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch((cause: unknown) => {
      broken = cause instanceof Error ? cause : new Error(String(cause));
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

const NETWORK = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);
// https://www.postgresql.org/docs/18/errcodes-appendix.html: connection exceptions (08…), too many connections, and
// the server going down or coming up
const SQLSTATE = /^(08...|53300|57P0[1235])$/;
// node-postgres gives these no code
const MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired$|Query read timeout$|Client (has encountered a connection error|was closed))/;
/**
 * Cancelled (by hand, or because it took or waited too long), no lock, a serialization failure, a full disk or memory, and a
 * server that takes no writes (https://www.postgresql.org/docs/18/errcodes-appendix.html)
 */
const PASSING = /^(57014|55P03|40001|40P01|53...|25006)$/;

/** Is the database gone or going, so that the same query may work in a moment? For errors of queries only. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ReadOnlyServer) return true;
  if (error instanceof AggregateError && error.errors.some(isConnectionError)) return true;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (NETWORK.has(code) || SQLSTATE.test(code) || MESSAGE.test(error.message)) return true;
  // the server's socket file is missing while it restarts
  if (code === "ENOENT" && "syscall" in error && error.syscall === "connect") return true;
  return isConnectionError(error.cause);
}

/** Whether the same transaction may succeed in a moment. */
export const isPassing = (error: unknown): boolean =>
  isConnectionError(error) || (error instanceof Error && "code" in error && PASSING.test(String(error.code)));

/** bigint columns hold minor units and counters: numbers here, and text only beyond what a number can hold. */
function getTypeParser(oid: number, format?: "text" | "binary"): unknown {
  return oid === INT8 && format !== "binary" ? parseInt8 : pg.types.getTypeParser(oid, format);
}

function parseInt8(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}
