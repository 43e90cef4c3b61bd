import { DBOS } from "@dbos-inc/dbos-sdk";
import type { Pool } from "pg";
import { whileSchemaIsOurs } from "../db/migrate.ts";
import { hasPayloadKeys } from "../db/payloads.ts";
import { serversOf } from "../db/servers.ts";
import type { Log } from "../log.ts";
import { stopTaking } from "./internals.ts";
import { SESSION_PARTS, sessionName, startLeases } from "./leases.ts";
import { indexRunningWorkflows } from "./left-behind.ts";
import { drain, undrain } from "./loop.ts";
import { APPLICATION_NAME, APPLICATION_VERSION } from "./names.ts";
import { retryPassing } from "./lost-connection.ts";
import { indexWaitingMessages, startNudger } from "./nudge.ts";
import { publishAs, type Publishing } from "./publishing.ts";
import { startForgetting } from "./retention.ts";
import { startReviver } from "./revive.ts";
import { serializer } from "./serializer.ts";
import { startSignals } from "./signals.ts";
import { sleepAfter, startWaker } from "./sleep.ts";
import { runElsewhere } from "./start.ts";
import { startTaker } from "./taker.ts";
import { isTermHeld } from "./term.ts";

export interface Engine {
  /** This process's id among the executors, new at each start and after it was taken for dead. */
  readonly executorId: string;
  /** Whether the others take this process for alive; null when it runs no workflows. */
  holdsLease(): boolean | null;
  /** Lets work under way finish, hands the rest to others, and disconnects. */
  stop(): Promise<void>;
}

interface Options {
  databaseUrl: string;
  /** The name of this process: see `newMember`. */
  member: string;
  pool: Pool;
  log: Log;
  /** No other process can be alive on this database: whatever is pending is taken over at once. */
  exclusive: boolean;
  /** Whether the database tells of messages and events (LISTEN, NOTIFY). Else they are looked for. */
  notify: boolean;
  /** For how long a workflow waits in memory before it sleeps, in milliseconds. Null: none sleeps. */
  sleepAfterMs: number | null;
  publishing: Publishing;
}

const DRAIN_MS = 10_000;

/** What an engine does that only starts workflows: it writes their rows and hears what becomes of them. */
export async function startClientEngine(options: Omit<Options, "exclusive">): Promise<Engine> {
  const { member } = options;
  publishAs(options.publishing);
  runElsewhere(true);
  await launch(options, member);
  stopTaking();
  const signals = signalling(options);
  return {
    executorId: member,
    holdsLease: () => null,
    async stop() {
      await signals?.stop();
      await DBOS.shutdown();
    },
  };
}

/** Launches DBOS on our pool, takes over the workflows of dead processes, and keeps doing so. */
export async function startEngine(options: Options): Promise<Engine> {
  const { pool, log } = options;
  undrain();
  publishAs(options.publishing);
  runElsewhere(false);
  sleepAfter(options.sleepAfterMs);
  // The engine takes work as soon as it is launched: whoever comes after a crash must know of this process by then.
  const leases = await startLeases(options);
  const signals = signalling(options);
  try {
    await launch(options, leases.executorId());
    await leases.watch();
  } catch (error) {
    await signals?.stop();
    await leases.stop();
    throw error;
  }
  const taker = startTaker(log);
  const waker = startWaker(pool, log);
  const nudger = startNudger(pool, log, options.notify);
  const reviver = startReviver(pool, log);
  const forgetting = startForgetting(pool, log);
  return {
    get executorId() {
      return leases.executorId();
    },
    holdsLease: isTermHeld,
    async stop() {
      nudger.stop();
      await waker.stop();
      stopTaking();
      await taker.stop();
      await reviver.stop();
      await forgetting.stop();
      await drain(DRAIN_MS);
      await signals?.stop();
      await leases.stop();
      await DBOS.shutdown();
    },
  };
}

/** Tells other processes what changes, where the database passes it on. */
const signalling = ({ notify, pool, member, log }: Omit<Options, "exclusive">) =>
  notify
    ? startSignals(
        pool,
        { name: sessionName(SESSION_PARTS.engine, member), begins: sessionName(SESSION_PARTS.engine, "") },
        log,
      )
    : null;

async function launch(
  { databaseUrl, pool, log, notify }: Omit<Options, "exclusive">,
  executorID: string,
): Promise<void> {
  retryPassing(pool);
  DBOS.setConfig({
    name: APPLICATION_NAME,
    applicationVersion: APPLICATION_VERSION,
    executorID,
    // Only its name is looked at: connections come from our pool.
    systemDatabaseUrl: serversOf(databaseUrl)[0] ?? databaseUrl,
    systemDatabasePool: pool,
    useListenNotify: notify,
    // What it would collect to tell others is events and streams that it writes itself, and transitions write them (`signals.ts`).
    // Looking for them a hundred times a second was a third of what an idle service does.
    notificationCoalesceMs: 1_000,
    logger: engineLogger(log),
    ...(hasPayloadKeys() ? { serializer } : {}),
  });
  // It creates its tables by itself, and two that start at once on a new database would disturb each other.
  await whileSchemaIsOurs(pool, () => DBOS.launch());
  await indexWaitingMessages(pool);
  await indexRunningWorkflows(pool);
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
