import { join, resolve } from "node:path";
import type { Pool } from "../../src/db/pool.ts";
import { startService, type RunningProcess } from "../process.ts";
import { cpuTimes, type CpuOf } from "./cpu.ts";
import { startDatabase, type Database } from "./database.ts";

/** The service as `npm start` runs it, in a process of its own, on a PostgreSQL of its own that we can look into. */
export interface Stack {
  url: string;
  providerUrl: string;
  databaseUrl: string;
  /** Of the same size as each of the service's. */
  pool: Pool;
  /** Processor time so far, by part. */
  cpu(): CpuOf | null;
  /** Harmless when called twice. */
  stop(): Promise<void>;
}

/**
 * @param profile a directory for a CPU profile of the service, written when it ends
 * @param commitTimes have PostgreSQL note when each transaction was committed, for `pg_xact_commit_timestamp`
 */
export async function startStack(
  profile: string | null = null,
  { commitTimes = false }: { commitTimes?: boolean } = {},
): Promise<Stack> {
  const database = await startDatabase({ commitTimes });
  try {
    const service = await startServiceOn(database, { profile });
    const { url, providerUrl } = service;
    let stopped: Promise<void> | null = null;
    return {
      ...{ url, providerUrl, databaseUrl: database.url, pool: database.pool },
      cpu: () => cpuTimes(service.process.child.pid ?? 0, database.pid),
      stop: () => (stopped ??= service.stop().then(() => database.stop())),
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

export interface ServiceProcess {
  process: RunningProcess;
  url: string;
  providerUrl: string;
  stop(): Promise<void>;
}

/** One of the processes on a database; those with one provider's port share it. */
export async function startServiceOn(
  database: Pick<Database, "url" | "folder">,
  {
    profile = null,
    providerPort = 0,
    env = {},
  }: { profile?: string | null; providerPort?: number; env?: Record<string, string> } = {},
): Promise<ServiceProcess> {
  const service = await startService(
    {
      PORT: "0",
      PROVIDER_PORT: String(providerPort),
      DATABASE_URL: database.url,
      DATA_DIR: join(database.folder, "service"),
      LOG_LEVEL: "error",
      ...env,
    },
    { nodeArgs: profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(profile)}`] },
  );
  const find = (pattern: RegExp) => service.lines.map((line) => pattern.exec(line)?.[1]).find(Boolean) ?? "";
  return {
    process: service,
    url: find(/^API\s+(\S+)\/v1\/orders/),
    providerUrl: find(/^Provider\s+(\S+)/),
    stop: () => service.stop(),
  };
}
