import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import type { Pool } from "pg";

/** What the figures were measured on. */
export async function machine(pool: Pool) {
  const { rows } = await pool.query<{ version: string; fsync: string; synchronous_commit: string }>(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
            current_setting('synchronous_commit') as synchronous_commit`,
  );
  const { version = "", fsync = "", synchronous_commit = "" } = rows[0] ?? {};
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    memory_gb: Math.round(totalmem() / 2 ** 30),
    load_at_start: loadavg()[0]?.toFixed(2) ?? "",
    node: process.version,
    postgresql: version,
    fsync,
    synchronous_commit,
    at: new Date().toISOString(),
  };
}

export type Machine = Awaited<ReturnType<typeof machine>>;
