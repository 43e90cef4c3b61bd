import type { Queryable } from "./pool.ts";

/** What the database knows of whether a provider's webhooks carry a signature that we can verify. */
export interface WebhookProof {
  /** When the newest one verified; null when none ever did. What was found in the provider's list proves nothing. */
  verified_at: Date | null;
  /** Requests with a bad signature since then, as far as they were sampled; newest first. */
  failures: { reason: string; user_agent: string | null; received_at: Date }[];
}

/** Reads it for one provider, whose signature is in that header. Null while the schema is not there yet. */
export async function readWebhookProof(
  db: Queryable,
  provider: string,
  header: string,
): Promise<WebhookProof | null> {
  const { rows: tables } = await db.query<{ there: boolean }>(
    "select to_regclass('countersign.signature_failures') is not null as there",
  );
  if (!tables[0]?.there) return null;
  const { rows } = await db.query<{ received_at: Date }>(
    `select received_at from countersign.inbound_webhooks
      where provider = $1 and not recovered order by id desc limit 1`,
    [provider],
  );
  const verified_at = rows[0]?.received_at ?? null;
  const { rows: failures } = await db.query<WebhookProof["failures"][number]>(
    `select reason, headers ->> 'user-agent' as user_agent, received_at from countersign.signature_failures
      where headers ? $1 and received_at > coalesce($2, '-infinity'::timestamptz)
      order by received_at desc`,
    [header, verified_at],
  );
  return { verified_at, failures };
}
