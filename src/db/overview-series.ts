import { derivedId } from "../domain/derived-id.ts";
import type { Queryable } from "./pool.ts";

/** A metric's value in one step; `at` in milliseconds. */
export interface SeriesRow {
  metric: string;
  at: number;
  value: number;
}

/** What entries of the trail count for. */
const COUNTED: Record<string, string> = {
  "order.created": "orders_created",
  "order.completed": "orders_ended",
  "order.rejected": "orders_ended",
  "order.cancelled": "orders_ended",
  "order.expired": "orders_ended",
  "order.refunded": "orders_ended",
  "order.partially_refunded": "orders_ended",
  "order.failed": "orders_ended",
  "payment.captured": "payments_captured",
  "approval.approved": "approvals_decided",
  "approval.rejected": "approvals_decided",
};

/** Rows read for one metric: the newest. */
const MOST = 100_000;
/** Webhooks whose latency is looked up, the newest. */
const TIMED = 2_000;

/**
 * What happened to a tenant's orders since a time, by steps. Ids begin with the time, so each part reads one range of an
 * index, and no more than `MOST` rows of it.
 * @returns no row where nothing happened; a metric of which there was more than is read has a row `METRIC_from` with the
 * time from which it is whole
 */
export async function readSeries(
  db: Queryable,
  tenant: string,
  { since, stepS }: { since: Date; stepS: number },
): Promise<SeriesRow[]> {
  const from = (prefix: string) => derivedId(prefix, since, "").slice(0, prefix.length + 11);
  const { rows } = await db.query<SeriesRow>(SQL, [
    ...[tenant, JSON.stringify(Object.entries(COUNTED).map(([type, metric]) => ({ type, metric })))],
    ...[from("aud"), from("whi"), stepS, since],
  ]);
  return rows;
}

const step = (time: string) => `(floor(extract(epoch from ${time}) / $5) * $5 * 1000)::float8`;

const SQL = `
with entry as (
  select c.type, c.metric, a.at
    from json_to_recordset($2) as c(type text, metric text)
   cross join lateral (
         select at from countersign.audit_index a
          where a.tenant = $1 and a.type = c.type and a.id >= $3 order by a.id desc limit ${MOST}) as a
   where a.at >= $6
), webhook as (
  select w.order_id, w.received_at
    from (select order_id, received_at from countersign.inbound_webhooks
           where id >= $4 and order_id is not null order by id desc limit ${MOST}) as w
   where received_at >= $6
     and exists (select from countersign.orders o where o.id = w.order_id and o.tenant = $1)
), timed as (
  select w.received_at, extract(epoch from effect.at - w.received_at) * 1000 as ms
    from (select * from webhook order by received_at desc limit ${TIMED}) as w
   cross join lateral (
         select at from countersign.audit_index a
          where a.order_id = w.order_id and a.actor_type = 'provider' and a.at >= w.received_at
          order by a.seq limit 1) as effect
)
select metric, ${step("at")} as at, count(*)::float8 as value from entry group by 1, 2
union all
select metric || '_from', max(at), 0
  from (select metric, extract(epoch from min(at)) * 1000 as at from entry group by type, metric having count(*) = ${MOST}) as cut
 group by metric
union all
select 'webhooks_received', ${step("received_at")}, count(*)::float8 from webhook group by 2
union all
select 'webhooks_received_from', extract(epoch from min(received_at)) * 1000, 0 from webhook having count(*) = ${MOST}
union all
select 'webhook_to_status_ms_p50', ${step("received_at")}, percentile_cont(0.5) within group (order by ms) from timed group by 2
union all
select 'webhook_to_status_ms_p95', ${step("received_at")}, percentile_cont(0.95) within group (order by ms) from timed group by 2`;
