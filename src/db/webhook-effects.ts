import type { Queryable } from "./pool.ts";

/** An entry of an order's trail that names an event as its source. */
export interface EffectEntry {
  seq: number;
  id: string;
  type: string;
  at: Date;
}

/** What an event did: the entries that it caused, oldest first. Those in the archive alone are not found. */
export async function findEffects(db: Queryable, orderId: string, eventId: string): Promise<EffectEntry[]> {
  const { rows } = await db.query<EffectEntry>(
    `select a.seq, a.id, a.type, a.at from countersign.audit_index a
      where a.order_id = $1
        and strpos(coalesce(
              (select s.value from dbos.streams s
                where s.workflow_uuid = a.workflow_id and s.key = 'audit' and s."offset" = a.stream_offset),
              (select r.value from countersign.audit_restored r where r.order_id = a.order_id and r.seq = a.seq)), $2) > 0
      order by a.seq`,
    [orderId, JSON.stringify(`webhook ${eventId}`)],
  );
  return rows;
}
