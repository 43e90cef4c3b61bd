import { derivedId } from "../domain/derived-id.ts";
import type { Queryable } from "./pool.ts";

export type InboundState = "routed" | "parked" | "ignored" | "quarantined" | "failed";

/** One verified webhook as stored. */
export interface InboundWebhook {
  id: string;
  provider: string;
  event_id: string;
  type: string;
  state: InboundState;
  reason: string | null;
  order_id: string | null;
  correlation: string[];
  duplicates: number;
  attempts: number;
  recovered: boolean;
  headers: Record<string, string>;
  body: Buffer;
  received_at: Date;
}

export type NewInboundWebhook = Omit<InboundWebhook, "duplicates" | "attempts">;

const LISTED =
  "id, provider, event_id, type, state, reason, order_id, duplicates, attempts, recovered, received_at";

/** A webhook as a row of JSON: its body goes beside it as it is, where JSON would have to carry it as text. */
export interface PackedInbound extends Omit<NewInboundWebhook, "body"> {
  body_from: number;
  body_length: number;
}

export function packInbound(webhooks: NewInboundWebhook[]): { rows: PackedInbound[]; bodies: Buffer } {
  let from = 1;
  const rows = webhooks.map((webhook) => {
    const body_from = from;
    from += webhook.body.length;
    return {
      id: webhook.id,
      provider: webhook.provider,
      event_id: webhook.event_id,
      type: webhook.type,
      state: webhook.state,
      reason: webhook.reason,
      order_id: webhook.order_id,
      correlation: webhook.correlation,
      recovered: webhook.recovered,
      headers: webhook.headers,
      body_from,
      body_length: webhook.body.length,
      received_at: webhook.received_at,
    };
  });
  return { rows, bodies: Buffer.concat(webhooks.map(({ body }) => body)) };
}

/** The columns of `packInbound`, for `json_to_recordset`. */
export const PACKED = `id text, provider text, event_id text, type text, state text, reason text, order_id text,
       correlation text[], recovered boolean, headers jsonb, body_from int, body_length int, received_at timestamptz`;

/**
 * Stores the webhooks that `source` has, none twice, and counts those that came before. In one order everywhere: two batches
 * with the same events wait for each other, and never both.
 */
export const insertInbound = (source: string, bodies: string): string =>
  `insert into countersign.inbound_webhooks
          (id, provider, event_id, type, state, reason, order_id, correlation, recovered, headers, body, received_at,
           next_look_at)
   select id, provider, event_id, type, state, reason, order_id, correlation, recovered, headers,
          substring(${bodies}::bytea from body_from for body_length), received_at,
          case state when 'parked' then now() when 'failed' then now() + interval '30 seconds' end
     from ${source} order by provider collate "C", event_id collate "C"
   on conflict (provider, event_id) do update set duplicates = inbound_webhooks.duplicates + 1
   returning id, provider, event_id, state, order_id, duplicates = 0 as fresh`;

/** What is stored of an event: as it came now, or as it came before. */
export interface StoredInbound extends Pick<
  InboundWebhook,
  "id" | "provider" | "event_id" | "state" | "order_id"
> {
  fresh: boolean;
}

/** Stores webhooks and counts those that came before. */
export async function storeInbound(tx: Queryable, webhooks: NewInboundWebhook[]): Promise<StoredInbound[]> {
  const { rows, bodies } = packInbound(webhooks);
  const stored = await tx.query<StoredInbound>(insertInbound(`json_to_recordset($1) as w(${PACKED})`, "$2"), [
    JSON.stringify(rows),
    bodies,
  ]);
  return stored.rows;
}

/** Which of these events were received. */
export async function findReceived(
  db: Queryable,
  provider: string,
  eventIds: string[],
): Promise<Set<string>> {
  const { rows } = await db.query<{ event_id: string }>(
    "select event_id from countersign.inbound_webhooks where provider = $1 and event_id = any($2)",
    [provider, eventIds],
  );
  return new Set(rows.map((row) => row.event_id));
}

/** Sets what became of a webhook that was taken in once more. */
export const setInboundState = (
  tx: Queryable,
  id: string,
  state: InboundState,
  reason: string | null,
  orderId: string | null,
) =>
  tx.query(
    `update countersign.inbound_webhooks
        set state = $2, reason = $3, order_id = coalesce($4, order_id), attempts = attempts + 1,
            next_look_at = case $2 when 'parked' then coalesce(next_look_at, now()) end
      where id = $1`,
    [id, state, reason, orderId],
  );

/** A failed one is tried for about four hours; then it waits for somebody to replay it. */
const MOST_ATTEMPTS = 10;

/**
 * Sets that taking it in went wrong; it is tried again later, each time twice as late, unless it was tried too often. One that
 * reached its order before stays routed.
 */
export const failInbound = (db: Queryable, id: string, reason: string | null) =>
  db.query(
    `update countersign.inbound_webhooks
        set state = 'failed', attempts = attempts + 1,
            reason = case when attempts + 1 < ${MOST_ATTEMPTS} then $2 else 'given up; ' || $2 end,
            next_look_at = case when attempts + 1 < ${MOST_ATTEMPTS}
                                then now() + interval '30 seconds' * power(2, attempts) end
      where id = $1 and state <> 'routed'`,
    [id, reason],
  );

/**
 * Takes what is due to be looked at, at most `limit`, and puts the next look at each off: the longer it waits, the less often
 * it is looked at, from every few seconds to every ten minutes.
 * @returns the failed ones, and those parked whose order exists by now
 */
export async function takeDue(db: Queryable, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `with due as (
       select id from countersign.inbound_webhooks
        where next_look_at <= now() order by next_look_at limit $1 for update skip locked
     ), looked as (
       update countersign.inbound_webhooks w
          set next_look_at = now() + greatest(interval '2 seconds', least(interval '10 minutes', (now() - w.received_at) / 8))
         from due where w.id = due.id
       returning w.id, w.state, w.correlation
     )
     select id from looked
      where state = 'failed'
         or exists (select from countersign.orders o where o.id = any(looked.correlation))
         or exists (select from countersign.orders o where o.payment_id = any(looked.correlation))
         or exists (select from countersign.orders o where o.session_id = any(looked.correlation))
      order by id`,
    [limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * Deletes webhooks in one state whose id is below `before`, except those of orders that are not at rest.
 * @returns how many, and where the next batch begins; null when there is none
 */
export async function forgetInbound(
  db: Queryable,
  state: string,
  { after, before, limit }: { after: string; before: string; limit: number },
): Promise<{ forgotten: number; last: string | null }> {
  const { rows } = await db.query<{ forgotten: number; seen: number; last: string | null }>(
    `with old as (
       select id, order_id from countersign.inbound_webhooks
        where state = $1 and id > $2 and id < $3 order by id limit $4
     ), forgotten as (
       delete from countersign.inbound_webhooks w using old
        where w.id = old.id and w.state = $1
          and not exists (select from countersign.orders o where o.id = old.order_id and o.segment_open)
       returning w.id
     )
     select (select count(*)::int from forgotten) as forgotten, count(*)::int as seen, max(id) as last from old`,
    [state, after, before, limit],
  );
  const [{ forgotten, seen, last } = { forgotten: 0, seen: 0, last: null }] = rows;
  return { forgotten, last: seen < limit ? null : last };
}

export async function getInbound(
  db: Queryable,
  id: string,
  { lock = false } = {},
): Promise<InboundWebhook | null> {
  const { rows } = await db.query<InboundWebhook>(
    `select ${LISTED}, correlation, headers, body from countersign.inbound_webhooks where id = $1${lock ? " for update" : ""}`,
    [id],
  );
  return rows[0] ?? null;
}

export interface InboundFilter {
  state?: InboundState | undefined;
  provider?: string | undefined;
  type?: string | undefined;
  order_id?: string | undefined;
  event_id?: string | undefined;
  received_after?: string | undefined;
  received_before?: string | undefined;
}

/** Newest first, without headers and body. `before`: only ids below it, for the next page. */
export async function listInbound(
  db: Queryable,
  viewer: InboundViewer,
  filter: InboundFilter & { before?: string | undefined; limit: number },
): Promise<Omit<InboundWebhook, "headers" | "body" | "correlation">[]> {
  const { rows } = await db.query<InboundWebhook>(
    `select ${LISTED} from countersign.inbound_webhooks
      where ${VISIBLE} and ${MATCHES} and ($12::text is null or id < $12)
      order by id desc limit $13`,
    [...matching(viewer, filter), filter.before ?? null, filter.limit],
  );
  return rows;
}

/** Who looks: webhooks of an order are its tenant's; those of no order may be anybody's, and only admins see them. */
export interface InboundViewer {
  tenant: string;
  admin: boolean;
}

const VISIBLE = `(case when order_id is null then $2
                       else exists (select from countersign.orders o
                                     where o.id = inbound_webhooks.order_id and o.tenant = $1) end)`;

/** Ids begin with the time of arrival, so the newest first or the oldest first are near in the index. */
const MATCHES = `($3::text is null or state = $3) and ($4::text is null or provider = $4)
        and ($5::text is null or type = $5) and ($6::text is null or order_id = $6)
        and ($7::text is null or event_id = $7)
        and ($8::timestamptz is null or received_at > $8) and ($9::timestamptz is null or received_at < $9)
        and ($10::text is null or id > $10) and ($11::text is null or id < $11)`;

function matching({ tenant, admin }: InboundViewer, filter: InboundFilter): unknown[] {
  const { received_after: after = null, received_before: before = null } = filter;
  return [
    ...[tenant, admin, filter.state ?? null, filter.provider ?? null, filter.type ?? null],
    ...[filter.order_id ?? null, filter.event_id ?? null, after, before],
    ...[after && idAt(after, -CLOCKS_MS), before && idAt(before, CLOCKS_MS)],
  ];
}

/** A webhook gets its id after it arrived, by the clock of its process. */
const CLOCKS_MS = 60_000;
const idAt = (time: string, offset: number): string =>
  derivedId("whi", new Date(Math.max(0, Date.parse(time) + offset)), "").slice(0, "whi_".length + 10);

/** Whether the viewer may see it. */
export async function isVisible(
  db: Queryable,
  { tenant, admin }: InboundViewer,
  id: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from countersign.inbound_webhooks where id = $3 and ${VISIBLE}`,
    [tenant, admin, id],
  );
  return rowCount === 1;
}

export async function countMatching(
  db: Queryable,
  viewer: InboundViewer,
  filter: InboundFilter,
): Promise<number> {
  const { rows } = await db.query<{ matched: number }>(
    `select count(*)::int as matched from countersign.inbound_webhooks where ${VISIBLE} and ${MATCHES}`,
    matching(viewer, filter),
  );
  return rows[0]?.matched ?? 0;
}

/** Oldest first, after the id `after`. */
export async function findMatching(
  db: Queryable,
  viewer: InboundViewer,
  filter: InboundFilter,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from countersign.inbound_webhooks
      where ${VISIBLE} and ${MATCHES} and id > $12 order by id limit $13`,
    [...matching(viewer, filter), after, limit],
  );
  return rows.map((row) => row.id);
}

/** Keeps a bad request as a sample: 100 slots, the oldest overwritten. */
export const sampleFailure = (
  db: Queryable,
  slot: number,
  reason: string,
  headers: Record<string, string>,
  bodyStart: string,
) =>
  db.query(
    `insert into countersign.signature_failures (slot, reason, headers, body_start) values ($1, $2, $3, $4)
     on conflict (slot) do update
        set reason = excluded.reason, headers = excluded.headers, body_start = excluded.body_start, received_at = now()`,
    [slot, reason, headers, bodyStart],
  );
