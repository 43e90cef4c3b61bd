import { dbRetryConfig } from "@dbos-inc/dbos-sdk/internal/utils";
import type { Pool, PoolClient } from "pg";
import { isPassing } from "../db/pool.ts";

export { isPassing } from "../db/pool.ts";

/** The longest pause between two tries of the engine, so that work goes on soon after the database is back. */
const LONGEST_PAUSE_S = 5;

/**
 * The engine tries again when it recognises a lost connection, and ends the workflow for good on any other error of the
 * database. It does not know all of them: a socket file that is missing while the server restarts, or a statement that was
 * cancelled. This wraps what is worth another try in words that it recognises.
 */
export class LostConnection extends Error {
  override readonly name = "LostConnection";

  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`Connection terminated unexpectedly: ${why}`, { cause });
  }
}

type Connected = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

const explained = (error: unknown): unknown =>
  isPassing(error) && !(error instanceof LostConnection) ? new LostConnection(error) : error;

/** A pool that cannot connect is worth another try, whatever the reason, and so is a statement that failed in passing. */
export function retryPassing(pool: Pool): void {
  dbRetryConfig.maxBackoffSec = LONGEST_PAUSE_S;
  pool.on("connect", explainFailures);
  const connect = pool.connect.bind(pool);
  function patient(): Promise<PoolClient>;
  function patient(callback: Connected): void;
  function patient(callback?: Connected): Promise<PoolClient> | void {
    if (callback)
      return connect((error, client, done) => callback(error && new LostConnection(error), client, done));
    return connect().catch((error: unknown) => {
      throw new LostConnection(error);
    });
  }
  pool.connect = patient;
  // A connection that breaks tells the pool, which hands on what it was told.
  pool.query = explaining(pool.query.bind(pool)) as typeof pool.query;
}

type Callback = (error: unknown, result?: unknown) => void;
type Query = (...args: unknown[]) => unknown;

/** The engine's own statements fail in words that it recognises. */
function explainFailures(client: PoolClient): void {
  client.query = explaining(client.query.bind(client)) as typeof client.query;
}

function explaining(query: Query): Query {
  return (...args) => {
    const callback = args.at(-1);
    if (typeof callback === "function") {
      const heard: Callback = (error, result) =>
        (callback as Callback)(error ? explained(error) : error, result);
      return query(...args.slice(0, -1), heard);
    }
    const answer = query(...args);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      throw explained(error);
    });
  };
}
