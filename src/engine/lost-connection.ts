import { dbRetryConfig } from "@dbos-inc/dbos-sdk/internal/utils";
import type { Pool, PoolClient } from "pg";
import { isConnectionError } from "../db/pool.ts";

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

/**
 * Cancelled (by hand, or because it waited too long), no lock, no serialization, a full disk or memory
 * (https://www.postgresql.org/docs/18/errcodes-appendix.html)
 */
const PASSING = /^(57014|55P03|40001|40P01|53...)$/;

/** Whether the same transaction may succeed in a moment. */
export const isPassing = (error: unknown): boolean =>
  isConnectionError(error) || (error instanceof Error && "code" in error && PASSING.test(String(error.code)));

type Connected = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** A pool that cannot connect is worth another try, whatever the reason. */
export function retryConnecting(pool: Pool): void {
  dbRetryConfig.maxBackoffSec = LONGEST_PAUSE_S;
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
}
