import { DBOS } from "@dbos-inc/dbos-sdk";
import type { Pool } from "pg";
import { whileSchemaIsOurs } from "../db/migrate.ts";
import { serversOf } from "../db/servers.ts";
import type { Log } from "../log.ts";
import { stopTaking } from "./internals.ts";
import { startLeases } from "./leases.ts";
import { drain, undrain } from "./loop.ts";
import { APPLICATION_NAME, APPLICATION_VERSION } from "./names.ts";
import { retryPassing } from "./lost-connection.ts";
import { indexWaitingMessages, startNudger } from "./nudge.ts";
import { startReviver } from "./revive.ts";
import { startTaker } from "./taker.ts";

export interface Engine {
  /** This process's id among the executors, new at each start and after it was taken for dead. */
  readonly executorId: string;
  /** Lets work under way finish, hands the rest to others, and disconnects. */
  stop(): Promise<void>;
}

interface Options {
  databaseUrl: string;
  pool: Pool;
  log: Log;
  /** No other process can be alive on this database: whatever is pending is taken over at once. */
  exclusive: boolean;
}

const DRAIN_MS = 10_000;

/** Launches DBOS on our pool, takes over the workflows of dead processes, and keeps doing so. */
export async function startEngine({ databaseUrl, pool, log, exclusive }: Options): Promise<Engine> {
  undrain();
  retryPassing(pool);
  // The engine takes work as soon as it is launched: whoever comes after a crash must know of this process by then.
  const leases = await startLeases({ databaseUrl, pool, exclusive, log });
  DBOS.setConfig({
    name: APPLICATION_NAME,
    applicationVersion: APPLICATION_VERSION,
    executorID: leases.executorId(),
    // Only its name is looked at: connections come from our pool.
    systemDatabaseUrl: serversOf(databaseUrl)[0] ?? databaseUrl,
    systemDatabasePool: pool,
    logger: engineLogger(log),
  });
  // It creates its tables by itself, and two that start at once on a new database would disturb each other.
  try {
    await whileSchemaIsOurs(pool, () => DBOS.launch());
    await indexWaitingMessages(pool);
    await leases.watch();
  } catch (error) {
    await leases.stop();
    throw error;
  }
  const taker = startTaker(log);
  const nudger = startNudger(pool, log);
  const reviver = startReviver(pool, log);
  return {
    get executorId() {
      return leases.executorId();
    },
    async stop() {
      nudger.stop();
      stopTaking();
      await taker.stop();
      await reviver.stop();
      await drain(DRAIN_MS);
      await leases.stop();
      await DBOS.shutdown();
    },
  };
}

/** The engine's messages in our log; what it calls information is detail to our operators. */
function engineLogger(log: Log) {
  const engine = log.child({ part: "engine" });
  const text = (entry: unknown) => (entry instanceof Error ? (entry.stack ?? entry.message) : String(entry));
  return {
    debug: (entry: unknown) => engine.trace(text(entry)),
    info: (entry: unknown) => engine.debug(text(entry)),
    warn: (entry: unknown) => engine.warn(text(entry)),
    error: (entry: unknown) => engine.error(text(entry)),
  };
}
