import type { Queryable } from "./pool.ts";

export interface OverviewRow {
  orders: Record<string, number>;
  approvals_open: number;
  oldest_open_at: string | null;
  inbox: Record<string, number>;
  oldest_parked_at: string | null;
  deliveries_pending: number;
  endpoints_failing: number;
  oldest_pending_at: string | null;
  version: string;
  connections: number;
  most_connections: number;
  size_bytes: number;
  processes: { id: string; started_at: string; alive: boolean }[];
}

/** So much is counted and no more. */
const MOST = 10_000;

/**
 * What is open for a tenant, in one statement. Each part reads an index over what is open alone, up to `MOST` rows of it.
 * @param admin also counts webhooks of no order, which may be anybody's
 */
export async function readOverview(
  db: Queryable,
  { tenant, admin, openStatuses }: { tenant: string; admin: boolean; openStatuses: readonly string[] },
): Promise<OverviewRow> {
  const { rows } = await db.query<OverviewRow>(SQL, [tenant, admin, openStatuses]);
  if (!rows[0]) throw new Error("a statement without from has one row");
  return rows[0];
}

const utc = (time: string) => `to_char(${time} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const SQL = `
with inbox as (
  select w.state, w.received_at
    from unnest(array['parked', 'failed', 'quarantined']) as s(state)
   cross join lateral (
         select w.state, w.order_id, w.received_at from countersign.inbound_webhooks w
          where w.state = s.state order by w.id limit ${MOST}) as w
    left join countersign.orders o on o.id = w.order_id
   where case when w.order_id is null then $2 else o.tenant = $1 end
), endpoint as (
  select id, enabled, failing_since from countersign.webhook_endpoints where tenant = $1 and deleted_at is null
), pending as (
  select d.created_at
    from endpoint e
   cross join lateral (
         select created_at from countersign.webhook_deliveries d
          where d.endpoint_id = e.id and d.next_at is not null limit ${MOST}) as d
   where e.enabled
)
select
  (select coalesce(json_object_agg(s.status, c.count), '{}')
     from unnest($3::text[]) as s(status)
    cross join lateral (
          select count(*)::int as count
            from (select from countersign.orders o where o.tenant = $1 and o.status = s.status limit ${MOST}) as few) as c
  ) as orders,
  (select count(*)::int
     from (select from countersign.approvals a
            where a.tenant = $1 and a.status in ('pending', 'changes_requested') limit ${MOST}) as few) as approvals_open,
  (select ${utc("min(created_at)")}
     from unnest(array['pending', 'changes_requested']) as s(status)
    cross join lateral (
          select created_at from countersign.approvals a
           where a.tenant = $1 and a.status = s.status order by a.id limit 1) as oldest) as oldest_open_at,
  (select coalesce(json_object_agg(state, count), '{}')
     from (select state, count(*)::int from inbox group by state) as counted) as inbox,
  (select ${utc("min(received_at)")} from inbox where state = 'parked') as oldest_parked_at,
  (select count(*)::int from pending) as deliveries_pending,
  (select count(*)::int from endpoint where failing_since is not null) as endpoints_failing,
  (select ${utc("min(created_at)")} from pending) as oldest_pending_at,
  current_setting('server_version') as version,
  (select count(*)::int from pg_stat_activity where datname = current_database()) as connections,
  current_setting('max_connections')::int as most_connections,
  pg_database_size(current_database()) as size_bytes,
  (select coalesce(json_agg(json_build_object('id', id, 'started_at', ${utc("started_at")}, 'alive', lease_until > now())
                            order by started_at), '[]')
     from countersign.executors) as processes`;
