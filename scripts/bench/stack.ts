import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { startProcess } from "../process.ts";
import { cpuTimes, type CpuOf } from "./cpu.ts";

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

const POOL_SIZE = 10;

/**
 * @param profile a directory for a CPU profile of the service, written when it ends
 * @param commitTimes have PostgreSQL note when each transaction was committed, for `pg_xact_commit_timestamp`
 */
export async function startStack(
  profile: string | null = null,
  { commitTimes = false }: { commitTimes?: boolean } = {},
): Promise<Stack> {
  const dataDir = await mkdtemp(join(tmpdir(), "countersign-bench-"));
  await preload(dataDir, commitTimes);
  const database = await startEmbeddedPostgres({ dataDir });
  const pool = createPool({ url: database.url, max: POOL_SIZE, applicationName: "countersign-bench" });
  const stopDatabase = async () => {
    await pool.end();
    await database.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const service = await startProcess(
      "src/main.ts",
      {
        PORT: "0",
        PROVIDER_PORT: "0",
        DATABASE_URL: database.url,
        DATA_DIR: join(dataDir, "service"),
        LOG_LEVEL: "error",
      },
      (line) => line === "ready",
      { nodeArgs: profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(profile)}`] },
    );
    let stopped: Promise<void> | null = null;
    const find = (pattern: RegExp) =>
      service.lines.map((line) => pattern.exec(line)?.[1]).find(Boolean) ?? "";
    return {
      url: find(/^API\s+(\S+)\/v1\/orders/),
      providerUrl: find(/^Provider\s+(\S+)/),
      databaseUrl: database.url,
      pool,
      cpu: () => cpuTimes(service.child.pid ?? 0, database.pid),
      stop: () => (stopped ??= service.stop().then(stopDatabase)),
    };
  } catch (error) {
    await stopDatabase();
    throw error;
  }
}

/** Statement statistics are loaded when the server starts and cost nothing until they are switched on. */
async function preload(dataDir: string, commitTimes: boolean): Promise<void> {
  const database = await startEmbeddedPostgres({ dataDir });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("alter system set shared_preload_libraries = 'pg_stat_statements'");
  await client.query("alter system set pg_stat_statements.track = 'none'");
  await client.query("alter system set pg_stat_statements.track_planning = on");
  if (commitTimes) await client.query("alter system set track_commit_timestamp = on");
  await client.end();
  await database.stop();
}
