import { existsSync, mkdirSync, realpathSync, rmSync, rmdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { accountFor } from "./embedded-account.ts";
import { readOrCreatePassword, socketAddress, tcpAddress } from "./embedded-address.ts";
import { findBinaries, sharedCaches } from "./embedded-binaries.ts";
import { checkVersion, createCluster } from "./embedded-cluster.ts";
import { lockDirectory } from "./embedded-lock.ts";
import { asOwner, prepareDatabase } from "./embedded-owner.ts";
import { signal } from "./embedded-process.ts";
import { type RunningServer, type ServerPlan, startServer, stopServer } from "./embedded-server.ts";

export interface EmbeddedOptions {
  /** Holds the cluster (`postgres/`), its log and our lock; created when missing. */
  dataDir: string;
  log?: Log;
  /** Told in plain words what is being waited for. */
  onProgress?: (message: string) => void;
  /** False forgoes fsync: for tests only, a power cut loses the database. */
  durable?: boolean;
  /** A socket wherever the system has them. */
  transport?: "socket" | "tcp";
}

export interface EmbeddedPostgres {
  /** As the server's administrator. Stays the same for as long as we run, also when the server had to be restarted. */
  readonly url: string;
  /** The same database as its owner, who is no superuser: what the service connects as. */
  readonly ownerUrl: string;
  /** The server's process id at this moment. */
  readonly pid: number;
  /** Ends sessions, writes everything, waits for the end. Harmless when called twice. */
  stop(): Promise<void>;
}

const LARGEST_LOG = 10 * 1024 * 1024;
const LONGEST_BACKOFF_MS = 5_000;

/**
 * PostgreSQL 18 from npm, in a directory of ours, on a socket of ours. Starting again after anything was killed finds
 * the data as committed. Throws AppError `conflict` when another process of ours holds the directory, and
 * `database_unavailable` when PostgreSQL cannot run here; the message is one line and says the remedy.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = makeDirectory(options.dataDir);
  const release = takeLock(dataDir);
  try {
    for (let attempt = 1; ; attempt++) {
      const { plan, url } = await prepare(dataDir, options);
      options.onProgress?.("starting PostgreSQL");
      try {
        return await supervise(plan, url, release, options.log);
      } catch (error) {
        // between our finding a free port and PostgreSQL's taking it, somebody else took it
        if (!isPortClash(error) || attempt === 5) throw error;
      }
    }
  } catch (error) {
    release();
    throw error;
  }
}

const isPortClash = (error: unknown) => error instanceof Error && error.message.includes("TCP/IP sockets");

interface Prepared {
  plan: ServerPlan;
  url: string;
}

async function prepare(dataDir: string, options: EmbeddedOptions): Promise<Prepared> {
  const { durable = true, transport = process.platform === "win32" ? "tcp" : "socket", onProgress } = options;
  const cluster = join(dataDir, "postgres");
  const account = accountFor(cluster);
  const binaries = findBinaries(account, account ? sharedCaches() : [dataDir]);
  const password = transport === "tcp" ? readOrCreatePassword(join(dataDir, "postgres.password")) : undefined;

  if (existsSync(cluster)) {
    checkVersion(cluster);
  } else {
    onProgress?.("creating the database (first start)");
    await createCluster(cluster, { binaries, account, password, durable });
  }
  const address = password === undefined ? socketAddress(cluster, account) : await tcpAddress(password);
  const logFile = join(dataDir, "postgres.log");
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > LARGEST_LOG) rmSync(logFile);
  return {
    url: address.url,
    plan: {
      cluster,
      binaries,
      account,
      logFile,
      socketLock: address.socketLock,
      settings: { ...settings(durable), ...address.settings },
    },
  };
}

/** For a small machine with many short transactions; what it has beyond this, the file system cache makes use of. */
const settings = (durable: boolean): Record<string, string> => ({
  max_connections: "200",
  shared_buffers: "128MB",
  wal_compression: "on",
  max_wal_size: "1GB",
  checkpoint_timeout: "15min",
  random_page_cost: "1.1",
  jit: "off",
  // parallel queries need shared memory that small containers do not have
  max_parallel_workers_per_gather: "0",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
  log_min_messages: "warning",
  fsync: durable ? "on" : "off",
  synchronous_commit: durable ? "on" : "off",
  full_page_writes: durable ? "on" : "off",
});

/** Runs the server until stop, and starts it again whenever it ends before. */
async function supervise(
  plan: ServerPlan,
  url: string,
  release: () => void,
  log?: Log,
): Promise<EmbeddedPostgres> {
  let server: RunningServer = await startServer(plan);
  const stopping = new AbortController();
  // a process that ends without stop() takes the server along
  const atExit = () => signal(server.pid, "SIGINT");
  process.once("exit", atExit);

  const watch = async () => {
    for (;;) {
      await server.exited;
      if (stopping.signal.aborted) return;
      log?.warn({ pid: server.pid }, "PostgreSQL ended unexpectedly, starting it again");
      const restarted = await startAgain(plan, stopping.signal, log);
      if (!restarted) return;
      server = restarted;
      log?.info({ pid: server.pid }, "PostgreSQL is back");
    }
  };
  const watching = watch();

  const shutDown = async () => {
    stopping.abort();
    process.removeListener("exit", atExit);
    server.awaitEnd();
    await stopServer(server.pid, plan);
    await watching;
    removeSocketDirectory(plan);
    release();
  };
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= shutDown());

  try {
    await prepareDatabase(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    ownerUrl: asOwner(url),
    get pid() {
      return server.pid;
    },
    stop,
  };
}

async function startAgain(
  plan: ServerPlan,
  stopping: AbortSignal,
  log?: Log,
): Promise<RunningServer | undefined> {
  for (let attempt = 0; !stopping.aborted; attempt++) {
    try {
      const server = await startServer(plan);
      if (!stopping.aborted) return server;
      await stopServer(server.pid, plan);
    } catch (error) {
      log?.error({ err: error, attempt }, "PostgreSQL could not be started again, retrying");
      await sleep(Math.min(100 * 2 ** attempt, LONGEST_BACKOFF_MS), undefined, { signal: stopping }).catch(
        () => {},
      );
    }
  }
  return undefined;
}

/** The one made elsewhere for a long path; the server has taken its socket away. */
function removeSocketDirectory({ socketLock, cluster }: ServerPlan): void {
  if (!socketLock || dirname(socketLock) === cluster) return;
  try {
    rmdirSync(dirname(socketLock));
  } catch {
    // something else is in it: not ours to remove
  }
}

function makeDirectory(dataDir: string): string {
  try {
    mkdirSync(dataDir, { recursive: true });
    return realpathSync(dataDir);
  } catch (cause) {
    throw notWritable(resolve(dataDir), cause);
  }
}

function takeLock(dataDir: string): () => void {
  try {
    return lockDirectory(join(dataDir, "postgres.lock"), dataDir);
  } catch (cause) {
    throw cause instanceof AppError ? cause : notWritable(dataDir, cause);
  }
}

const notWritable = (directory: string, cause: unknown) =>
  new AppError(
    "database_unavailable",
    `The data directory ${directory} cannot be written (${cause instanceof Error ? cause.message : String(cause)}): give yourself access to it, or set DATA_DIR to another directory.`,
    { cause },
  );
