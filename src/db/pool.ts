import pg from "pg";
import { PreparedClient } from "./prepared-client.ts";
import type { Log } from "../log.ts";

export type Pool = pg.Pool;
/** A connection inside a transaction. */
export type Tx = pg.PoolClient;
/** Whatever runs a query: the pool, or a connection inside a transaction. */
export type Queryable = Pick<pg.Pool | pg.PoolClient, "query">;

export interface PoolOptions {
  url: string;
  /** More connections than about twice the cores make it slower, not faster. */
  max?: number;
  /** As seen in pg_stat_activity. */
  applicationName?: string;
  log?: Log;
  /** Prepare every statement with parameters; for the hot path alone. */
  prepared?: boolean;
}

const INT8 = 20;

/** A pool that outlives its server: connections that break are dropped, and the next query opens another. */
export function createPool({
  url,
  max = 10,
  applicationName = "countersign",
  log,
  prepared = false,
}: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    types: { getTypeParser },
    ...(prepared ? { Client: PreparedClient } : {}),
  });
  const lost = (error: Error) => {
    // A server that stops while we do is what was asked for.
    if (!pool.ending) log?.warn({ err: error }, "a database connection was lost");
  };
  pool.on("error", lost);
  // without a listener of its own a connection that breaks between two queries of a transaction ends the process
  pool.on("connect", (client) => client.on("error", lost));
  return pool;
}

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
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired$|Client has encountered a connection error)/;

/** Is the database gone or going, so that the same query may work in a moment? For errors of queries only. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.some(isConnectionError)) return true;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (NETWORK.has(code) || SQLSTATE.test(code) || MESSAGE.test(error.message)) return true;
  // the server's socket file is missing while it restarts
  if (code === "ENOENT" && "syscall" in error && error.syscall === "connect") return true;
  return isConnectionError(error.cause);
}

/** bigint columns hold minor units and counters: numbers here, and text only beyond what a number can hold. */
function getTypeParser(oid: number, format?: "text" | "binary"): unknown {
  return oid === INT8 && format !== "binary" ? parseInt8 : pg.types.getTypeParser(oid, format);
}

function parseInt8(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}
