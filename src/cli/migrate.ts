import type { Config } from "../config.ts";
import { awaitServer } from "../db/await-server.ts";
import { startEmbeddedPostgres } from "../db/embedded.ts";
import { migrate } from "../db/migrate.ts";

/**
 * Brings the schema of the configured database up to date, or of the one in `DATA_DIR`, which is started for it.
 * @param onWait told while the server does not answer yet
 * @returns the migrations that were missing
 */
export async function migrateConfigured(
  { databaseUrl, databaseWaitS, dataDir }: Pick<Config, "databaseUrl" | "databaseWaitS" | "dataDir">,
  onWait: (text: string) => void,
): Promise<string[]> {
  const embedded = databaseUrl === null ? await startEmbeddedPostgres({ dataDir }) : null;
  try {
    if (databaseUrl !== null) await awaitServer(databaseUrl, { withinS: databaseWaitS, onWait });
    return (await migrate(databaseUrl ?? embedded?.ownerUrl ?? "")).applied;
  } finally {
    await embedded?.stop();
  }
}
