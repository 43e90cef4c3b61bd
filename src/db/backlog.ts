import type { Queryable } from "./pool.ts";

/** What waits, over all tables and tenants; ages in seconds, 0 when nothing waits. */
export interface Backlog {
  orders: { name: string; count: number }[];
  inbox: { name: string; count: number }[];
  oldest_parked_s: number;
  messages: number;
  oldest_message_s: number;
  workflows: { name: string; count: number }[];
  /** Ended with an error, which none of ours should. */
  broken: number;
  approvals: number;
  deliveries: number;
  oldest_delivery_s: number;
  endpoints: { name: string; count: number }[];
  executors: number;
}

/**
 * Counts what waits in one statement. Each part reads an index over that alone, so it costs what is open, not what was ever
 * stored.
 */
export async function readBacklog(db: Queryable, openStatuses: readonly string[]): Promise<Backlog | null> {
  const { rows } = await db.query<Backlog>(SQL, [openStatuses]);
  return rows[0] ?? null;
}

/** The indexes begin with the tenant: the few that there are come from one jump each. */
const tenantsOf = (table: string): string =>
  `recursive tenant(name) as (
     (select tenant from countersign.${table} order by tenant limit 1)
     union all
     select (select t.tenant from countersign.${table} t where t.tenant > tenant.name order by t.tenant limit 1)
       from tenant where tenant.name is not null)`;

const byName = (from: string): string =>
  `(select coalesce(json_agg(json_build_object('name', name, 'count', count)), '[]') from (${from}) as counted)`;

const seconds = (time: string): string =>
  `greatest(0, coalesce(extract(epoch from now() - ${time}), 0))::float8`;

const SQL = `
select
  ${byName(`
    with ${tenantsOf("orders")}
    select o.status as name, count(*)::int from tenant
      join countersign.orders o on o.tenant = tenant.name and o.status = any($1) group by o.status`)} as orders,
  ${byName(`
    select state as name, count(*)::int from countersign.inbound_webhooks
     where state in ('parked', 'failed', 'quarantined') group by state`)} as inbox,
  ${seconds(`(select received_at from countersign.inbound_webhooks where state = 'parked' order by id limit 1)`)} as oldest_parked_s,
  (select count(*)::int from dbos.notifications where consumed = false) as messages,
  ${seconds(`(select to_timestamp(min(created_at_epoch_ms) / 1000.0) from dbos.notifications where consumed = false)`)}
    as oldest_message_s,
  ${byName(`
    select case status when 'DELAYED' then 'sleeping' else lower(status) end as name, count(*)::int from dbos.workflow_status
     where status in ('PENDING', 'ENQUEUED', 'DELAYED') group by status`)} as workflows,
  (select count(*)::int from dbos.workflow_status
    where status in ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')) as broken,
  (with ${tenantsOf("approvals")}
   select count(*)::int from tenant
     join countersign.approvals a on a.tenant = tenant.name and a.status = 'pending') as approvals,
  pending.deliveries,
  ${seconds("pending.oldest")} as oldest_delivery_s,
  ${byName(`
    select coalesce(disabled_reason, case when enabled then 'enabled' else 'manual' end) as name, count(*)::int
      from countersign.webhook_endpoints where deleted_at is null group by 1`)} as endpoints,
  (select count(*)::int from countersign.executors where lease_until > now()) as executors
  from (select count(*)::int as deliveries, min(d.created_at) as oldest
          from countersign.webhook_deliveries d
          join countersign.webhook_endpoints e on e.id = d.endpoint_id and e.enabled and e.deleted_at is null
         where d.next_at is not null) as pending`;
