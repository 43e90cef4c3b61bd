import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { AppError } from "../errors.ts";
import { createPool } from "./pool.ts";

const TRIES = 5;
/** A pooler with few server connections may have none left for the second session, as long as the first holds one. */
const PATIENCE_MS = 1_000;

/**
 * Looks whether a connection is a session of its own. Behind a pooler that lends server connections for one transaction each
 * (pgbouncer's `pool_mode=transaction` or `statement`), prepared statements, LISTEN and session locks are lost at random.
 * @throws AppError `conflict` with the remedy
 */
export async function requireSessions(databaseUrl: string): Promise<void> {
  const pool = createPool({ url: databaseUrl, max: 2, applicationName: "countersign-check" });
  try {
    // One after the other: the second may fail, and a pool ends only once it has the first back.
    const one = await pool.connect();
    try {
      const other = await pool.connect();
      try {
        for (let i = 0; i < TRIES; i++) if (await isLent(one, other)) throw lent();
      } finally {
        other.release(true);
      }
    } finally {
      one.release(true);
    }
  } finally {
    await pool.end();
  }
}

/** What one session has set, the other must not see; and while one is in a transaction, the other must still be itself. */
async function isLent(one: pg.ClientBase, other: pg.ClientBase): Promise<boolean> {
  const mark = randomUUID();
  const set = await one.query<{ pid: number }>(
    "select pg_backend_pid() as pid, set_config('countersign.session', $1, false)",
    [mark],
  );
  try {
    await other.query("begin");
  } catch (error) {
    // As pgbouncer says it of pool_mode=statement.
    if (error instanceof Error && /pooling mode/.test(error.message)) return true;
    throw error;
  }
  try {
    const seen = await other.query<{ mark: string | null }>(
      "select current_setting('countersign.session', true) as mark",
    );
    if (seen.rows[0]?.mark === mark) return true;
    const again = one.query<{ pid: number; mark: string | null }>(
      "select pg_backend_pid() as pid, current_setting('countersign.session', true) as mark",
    );
    const answer = await Promise.race([again, sleep(PATIENCE_MS, null, { ref: false })]);
    if (answer === null) return true;
    return answer.rows[0]?.mark !== mark || answer.rows[0].pid !== set.rows[0]?.pid;
  } finally {
    await other.query("rollback");
  }
}

const lent = () =>
  new AppError(
    "conflict",
    "DATABASE_URL: a pooler lends its connections for one transaction each (pgbouncer: pool_mode=transaction), and here each must be a session of its own; set pool_mode=session for this database, or write the server's own address.",
  );
