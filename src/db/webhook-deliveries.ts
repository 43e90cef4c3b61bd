import type { Queryable } from "./pool.ts";

export const DELIVERY_STATES = ["pending", "delivered", "failed"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One try, as it is kept. */
export interface DeliveryTry {
  /** RFC 3339: when it began. */
  at: string;
  duration_ms: number;
  /** Of the answer; null when there was none. */
  status: number | null;
  /** Why it failed; null when it did not. */
  error: string | null;
  /** The beginning of the answer's text. */
  response: string | null;
}

export interface DeliveryRow {
  id: string;
  endpoint_id: string;
  event_id: string;
  event_type: string;
  state: DeliveryState;
  attempts: number;
  next_at: Date | null;
  claimed: boolean;
  tries: DeliveryTry[];
  created_at: Date;
  ended_at: Date | null;
}

const LISTED = `d.id, d.endpoint_id, d.event_id, d.event_type, d.state, d.attempts, d.next_at,
  d.claimed_by is not null as claimed, d.tries, d.created_at, d.ended_at`;

/** How many tries are kept of a delivery. */
const KEPT_TRIES = 50;

/** A claim that is older than this was forgotten by a process that lives. */
const CLAIM_S = 300;

/**
 * Part of the statement that commits a transition: one delivery for each of its events and endpoints that take it. `events`
 * and `tenant` are the placeholders of parameters: a JSON array of `{id, type, body}`, in order, and a text. Where there is no
 * endpoint it inserts nothing, and is no further statement. A delivery's id is its event's time and place, and a hash.
 */
export const enqueueDeliveries = ({
  events,
  tenant,
  when = "true",
}: {
  events: string;
  tenant: string;
  /** Else none is inserted. */
  when?: string;
}): string =>
  `insert into countersign.webhook_deliveries (id, endpoint_id, event_id, event_type, body, next_at)
   select 'whd_' || substr(v.id, 5, 10) || lpad((v.n % 1000)::text, 3, '0') || substr(md5(v.id || e.id), 1, 13),
          e.id, v.id, v.type, v.body, now()
     from rows from (json_to_recordset(${events}) as (id text, type text, body text)) with ordinality as v(id, type, body, n)
     join countersign.webhook_endpoints e
       on e.tenant = ${tenant} and e.enabled and e.deleted_at is null
      and e.event_types && array[v.type, split_part(v.type, '.', 1) || '.*', '*']
    where ${when}
   returning 1`;

/** One that is nobody's transition. */
export const insertDelivery = (
  db: Queryable,
  {
    id,
    endpoint_id,
    event,
  }: { id: string; endpoint_id: string; event: { id: string; type: string; body: string } },
) =>
  db.query(
    `insert into countersign.webhook_deliveries (id, endpoint_id, event_id, event_type, body, next_at)
     values ($1, $2, $3, $4, $5, now())`,
    [id, endpoint_id, event.id, event.type, event.body],
  );

/** Newest first. */
export async function listDeliveries(
  db: Queryable,
  endpoint: string,
  filter: {
    state?: string | undefined;
    event_type?: string | undefined;
    before?: string | undefined;
    limit: number;
  },
): Promise<DeliveryRow[]> {
  const { rows } = await db.query<DeliveryRow>(
    `select ${LISTED} from countersign.webhook_deliveries d
      where endpoint_id = $1
        and ($2::text is null or state = $2)
        and ($3::text is null or event_type = $3)
        and ($4::text is null or id < $4)
      order by id desc limit $5`,
    [endpoint, filter.state ?? null, filter.event_type ?? null, filter.before ?? null, filter.limit],
  );
  return rows;
}

/** With what is posted. */
export async function getDelivery(
  db: Queryable,
  endpoint: string,
  id: string,
): Promise<(DeliveryRow & { body: string }) | null> {
  const { rows } = await db.query<DeliveryRow & { body: string }>(
    `select ${LISTED}, d.body from countersign.webhook_deliveries d where d.endpoint_id = $1 and d.id = $2`,
    [endpoint, id],
  );
  return rows[0] ?? null;
}

/** Tries it now, whatever became of it, and again on its whole schedule. One that is being tried right now is left alone. */
export const retryDelivery = (db: Queryable, endpoint: string, id: string) =>
  db.query(
    `update countersign.webhook_deliveries
        set state = 'pending', attempts = 0, next_at = now(), ended_at = null
      where endpoint_id = $1 and id = $2 and claimed_by is null`,
    [endpoint, id],
  );

/** Who is at it is gone, or has forgotten it. */
const ABANDONED = `(d.claimed_by is null or d.claimed_at < now() - interval '${CLAIM_S} seconds'
  or not exists (select from countersign.executors x where x.id = d.claimed_by and x.lease_until > now()))`;

/** Endpoints that have something to try now. */
export async function endpointsWithDue(db: Queryable, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select e.id from countersign.webhook_endpoints e
      where e.enabled and e.deleted_at is null
        and exists (select from countersign.webhook_deliveries d
                     where d.endpoint_id = e.id and d.next_at <= now() and ${ABANDONED})
      limit $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}

/** A delivery to try, with what its endpoint is. */
export interface ClaimedDelivery {
  id: string;
  endpoint_id: string;
  event_id: string;
  event_type: string;
  body: string;
  attempts: number;
  url: string;
  /** Sealed; the one that signs first comes first. */
  secrets: string[];
}

/**
 * Claims what is due at these endpoints for an executor, within a transaction: at most `most` side by side at each, and one
 * where the last try failed, whichever processes are at them. The endpoint's lock is held while they are counted.
 */
export async function claimDue(
  tx: Queryable,
  endpoints: string[],
  { executor, most }: { executor: string; most: number },
): Promise<ClaimedDelivery[]> {
  const { rows: locked } = await tx.query<{ id: string }>(
    `select id from countersign.webhook_endpoints where id = any($1) and enabled and deleted_at is null
      order by id for no key update skip locked`,
    [endpoints],
  );
  if (locked.length === 0) return [];
  // A statement of its own: it must see what was claimed before the lock was ours.
  const { rows } = await tx.query<ClaimedDelivery>(
    `with due as (
       select free.id from countersign.webhook_endpoints e cross join lateral (
         select d.id from countersign.webhook_deliveries d
          where d.endpoint_id = e.id and d.next_at <= now() and ${ABANDONED}
          order by d.next_at, d.id
          limit greatest(0, case when e.failing_since is null then $3 else 1 end - (
            select count(*) from countersign.webhook_deliveries d
             where d.endpoint_id = e.id and d.claimed_by is not null and not ${ABANDONED}))
       ) free where e.id = any($1)
     )
     update countersign.webhook_deliveries d set claimed_by = $2, claimed_at = now()
       from due, countersign.webhook_endpoints e
      where d.id = due.id and e.id = d.endpoint_id
     returning d.id, d.endpoint_id, d.event_id, d.event_type, d.body, d.attempts, e.url,
               array_remove(array[e.secret, case when e.previous_until > now() then e.previous_secret end], null) as secrets`,
    [locked.map(({ id }) => id), executor, most],
  );
  return rows;
}

export interface RecordedTry {
  id: string;
  executor: string;
  tried: DeliveryTry;
  state: DeliveryState;
  next_in_s: number | null;
  /** The endpoint wants no more. */
  gone: boolean;
  /** It failed here and not there: nothing is known of the endpoint by it. */
  ours: boolean;
  /** Seconds of nothing but failure after which it is disabled. */
  disableAfterS: number;
}

/**
 * Keeps what came of a try, and what its endpoint is now, in one statement. Nothing when the claim is somebody else's by now:
 * their try counts.
 * @returns whether this disabled the endpoint
 */
export async function recordTry(db: Queryable, record: RecordedTry): Promise<{ disabled: boolean }> {
  const { rows } = await db.query<{ disabled: boolean }>(
    `with tried as (
       update countersign.webhook_deliveries
          set state = $3, attempts = attempts + 1, next_at = now() + make_interval(secs => $4),
              ended_at = case when $3 <> 'pending' then now() end, claimed_by = null, claimed_at = null,
              tries = (case when jsonb_array_length(tries) >= ${KEPT_TRIES} then tries - 0 else tries end) || $5::jsonb
        where id = $1 and claimed_by = $2
       returning endpoint_id
     ), became as (
       update countersign.webhook_endpoints e
          set failing_since = case when $3 = 'delivered' then null else coalesce(failing_since, now()) end,
              enabled = e.enabled and not x.over,
              disabled_reason = case when e.enabled and x.over then case when $6 then 'gone' else 'failing' end else disabled_reason end,
              disabled_at = case when e.enabled and x.over then now() else disabled_at end,
              tell_at = case when e.enabled and x.over then now() else tell_at end
         from (select f.id, f.enabled, $3 <> 'delivered' and ($6 or coalesce(f.failing_since < now() - make_interval(secs => $7), false)) as over
                 from countersign.webhook_endpoints f, tried where f.id = tried.endpoint_id) x
        where e.id = x.id and not $8 and ($3 <> 'delivered' or failing_since is not null)
       returning x.enabled and x.over as disabled
     )
     select coalesce(bool_or(disabled), false) as disabled from became`,
    [
      ...[record.id, record.executor, record.state, record.next_in_s],
      ...[JSON.stringify([record.tried]), record.gone, record.disableAfterS, record.ours],
    ],
  );
  return { disabled: rows[0]?.disabled ?? false };
}

/** Deletes some of what is older than `before` (an id) and not to be tried any more. @returns how many */
export async function deleteOldDeliveries(db: Queryable, before: string, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from countersign.webhook_deliveries where id in (
       select d.id from countersign.webhook_deliveries d join countersign.webhook_endpoints e on e.id = d.endpoint_id
        where d.id < $1 and (d.state <> 'pending' or not e.enabled)
        limit $2 for update of d skip locked)`,
    [before, limit],
  );
  return rowCount ?? 0;
}
