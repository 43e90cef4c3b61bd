import type { Queryable } from "./pool.ts";

/** A webhook that an entry's `source` names. */
export interface SourceWebhook {
  id: string;
  provider: string;
  event_id: string;
  type: string;
  state: string;
  received_at: Date;
  body: Buffer;
}

/** The webhook with this event id, if it was about this order. */
export async function findSourceWebhook(
  db: Queryable,
  orderId: string,
  eventId: string,
): Promise<SourceWebhook | null> {
  const { rows } = await db.query<SourceWebhook>(
    `select id, provider, event_id, type, state, received_at, body
       from countersign.inbound_webhooks where order_id = $1 and event_id = $2 limit 1`,
    [orderId, eventId],
  );
  return rows[0] ?? null;
}

/** Whose order it is, for whoever comes with a link instead of a key. */
export async function getTenantOf(db: Queryable, orderId: string): Promise<string | null> {
  const { rows } = await db.query<{ tenant: string }>("select tenant from countersign.orders where id = $1", [
    orderId,
  ]);
  return rows[0]?.tenant ?? null;
}
