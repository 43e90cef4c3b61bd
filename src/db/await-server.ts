import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../errors.ts";
import { createPool, isConnectionError } from "./pool.ts";
import { serversOf } from "./servers.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

interface Options {
  /** How long one that takes no connections is waited for, in seconds; 0: it must be there. */
  withinS: number;
  /** Told once, when it has to be waited for. */
  onWait?: (text: string) => void;
}

/**
 * Resolves once the database takes connections and writes. One that refuses them, is starting up, or is not promoted yet is
 * waited for: where everything starts at once, the database is seldom the first.
 * @throws AppError `database_unavailable` with the remedy, at once where waiting would not help (a wrong password, no such
 * database)
 */
export async function awaitServer(databaseUrl: string, { withinS, onWait }: Options): Promise<void> {
  const pool = createPool({ url: databaseUrl, max: 1, applicationName: "countersign-start" });
  const until = performance.now() + withinS * 1_000;
  try {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const error = await pool.query("select").then(
        () => null,
        (failure: unknown) => failure,
      );
      if (error === null) return;
      if (!isConnectionError(error)) throw refused(error);
      if (performance.now() + pause > until) throw absent(databaseUrl, withinS, error);
      if (pause === FIRST_PAUSE_MS)
        onWait?.(
          `the database at ${namesOf(databaseUrl)} takes no connections (${reasonOf(error)}); waiting up to ${withinS} s`,
        );
      await sleep(pause);
    }
  } finally {
    await pool.end();
  }
}

/** The servers without who logs in, and how. */
const namesOf = (databaseUrl: string): string =>
  serversOf(databaseUrl)
    .map((server) => {
      const { host, searchParams } = new URL(server);
      return host || searchParams.get("host") || "localhost";
    })
    .join(", ");

/** An address that stands for several (localhost is two) fails with an error that has no words of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return error instanceof Error && error.message !== "" ? error.message : String(error);
}

const refused = (cause: unknown) =>
  new AppError("database_unavailable", `DATABASE_URL: ${reasonOf(cause)}; correct it, or what it names.`, {
    cause,
  });

const absent = (databaseUrl: string, withinS: number, cause: unknown) =>
  new AppError(
    "database_unavailable",
    `DATABASE_URL: ${namesOf(databaseUrl)} took no connection within ${withinS} s (${reasonOf(cause)}); start PostgreSQL, correct the address, or wait longer with DATABASE_WAIT_S.`,
    { cause },
  );
