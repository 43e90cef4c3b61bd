import { derivedId } from "../domain/derived-id.ts";
import type { Queryable } from "./pool.ts";

/** Something that changed, and whose it is. */
export interface ChangedRow {
  object: "order" | "approval" | "inbound_webhook" | "webhook_delivery";
  id: string;
  /** Null: it may be anybody's, and only admins see it. */
  tenant: string | null;
  order_id: string | null;
  /** The same as long as nothing has changed; null where a change is announced. */
  version: string | null;
}

export interface Watched {
  /** Orders and approvals that were announced to have changed. */
  announced: string[];
  /** Received webhooks and deliveries that came since are looked at, and so are those in `open`. */
  since: Date;
  /** Received webhooks and deliveries that had not ended. */
  open: string[];
}

/** Of each object, the newest. */
const MOST = 1_000;

/** Every part reads rows by their ids, at most some hundreds: what is stored makes it no slower. Ids begin with the time. */
export async function readChanges(db: Queryable, { announced, since, open }: Watched): Promise<ChangedRow[]> {
  const from = (prefix: string) => derivedId(prefix, since, "").slice(0, prefix.length + 11);
  const { rows } = await db.query<ChangedRow>(
    `select 'order' as object, id, tenant, null as order_id, null as version
       from countersign.orders where id = any($1)
     union all
     select 'approval', id, tenant, order_id, null from countersign.approvals where id = any($1)
     union all
     select 'inbound_webhook', w.id, o.tenant, w.order_id, concat_ws(' ', w.state, w.attempts, w.duplicates, w.order_id)
       from (select id, order_id, state, attempts, duplicates from (
               select * from countersign.inbound_webhooks where id > $2 order by id desc limit ${MOST}) as newest
             union
             select id, order_id, state, attempts, duplicates from countersign.inbound_webhooks where id = any($4)) as w
       left join countersign.orders o on o.id = w.order_id
     union all
     select 'webhook_delivery', d.id, e.tenant, null, concat_ws(' ', d.state, d.attempts)
       from (select id, endpoint_id, state, attempts from (
               select * from countersign.webhook_deliveries where id > $3 order by id desc limit ${MOST}) as newest
             union
             select id, endpoint_id, state, attempts from countersign.webhook_deliveries where id = any($4)) as d
       join countersign.webhook_endpoints e on e.id = d.endpoint_id`,
    [announced, from("whi"), from("whd"), open],
  );
  return rows;
}

/** What has not ended among received webhooks and deliveries: some of the newest. */
export async function findOpen(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `(select id from countersign.inbound_webhooks where state = 'parked' order by id desc limit 100)
     union all
     (select id from countersign.inbound_webhooks where state = 'failed' order by id desc limit 100)
     union all
     (select id from countersign.webhook_deliveries where next_at is not null limit 100)`,
  );
  return rows.map(({ id }) => id);
}
