import type { Config } from "../config.ts";
import { startEmbeddedPostgres } from "../db/embedded.ts";
import { usePayloadKeys } from "../db/payloads.ts";
import { createPool } from "../db/pool.ts";
import { reseal } from "../engine/reseal.ts";

/**
 * Brings stored payloads to what `PAYLOAD_KEYS` says now, while the service runs or not. Afterwards older versions may go.
 * @returns how many rows were written, by table
 */
export async function resealAll({
  databaseUrl,
  dataDir,
  payloadKeys,
}: Config): Promise<Record<string, number>> {
  const embedded = databaseUrl === null ? await startEmbeddedPostgres({ dataDir }) : null;
  const pool = createPool({ url: databaseUrl ?? embedded?.ownerUrl ?? "", max: 1 });
  try {
    await usePayloadKeys(pool, payloadKeys);
    const [first] = payloadKeys.keys;
    return await reseal(pool, payloadKeys.closes ? (first?.version ?? null) : null);
  } finally {
    await pool.end();
    await embedded?.stop();
  }
}
