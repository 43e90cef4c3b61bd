import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";

/** A PostgreSQL as the service has it, which we can look into. */
export interface Database {
  url: string;
  pid: number;
  /** Of the same size as each of the service's. */
  pool: Pool;
  /** Gone with the database. */
  folder: string;
  /** Harmless when called twice. */
  stop(): Promise<void>;
}

const POOL_SIZE = 10;

/** @param commitTimes have it note when each transaction was committed, for `pg_xact_commit_timestamp` */
export async function startDatabase({
  commitTimes = false,
}: { commitTimes?: boolean } = {}): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await preload(folder, commitTimes);
    const server = await startEmbeddedPostgres({ dataDir: folder });
    const pool = createPool({ url: server.url, max: POOL_SIZE, applicationName: "countersign-bench" });
    let stopped: Promise<void> | null = null;
    const stop = async () => {
      await pool.end();
      await server.stop();
      await remove();
    };
    return { url: server.url, pid: server.pid, pool, folder, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await remove();
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
