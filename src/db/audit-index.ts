import { derivedId } from "../domain/derived-id.ts";
import type { PersonalValue } from "../domain/personal.ts";
import { PERSONAL } from "./audit-personal.ts";
import type { Queryable } from "./pool.ts";

/**
 * One entry of a trail as stored: `text` is its JSON, null when the stream no longer holds it; `personal` are the values beside
 * it that were not erased.
 */
export interface StoredEntry {
  seq: number;
  text: string | null;
  personal: PersonalValue[];
}

/** What the order's row says of its trail. */
export interface TrailHead {
  entries: number;
  head_hash: string;
  /** Whether its newest segment still writes. */
  open: boolean;
  /** Its first entries are in the archive alone. */
  away: boolean;
}

const AWAY = `exists (select from countersign.archives f where f.order_id = o.id and f.restored_at is null) as away`;

export interface EntryFilter {
  type?: string | undefined;
  /** An actor's id, or one of the actor types. */
  actor?: string | undefined;
}

// A subselect, not a join: each entry costs one look-up in the stream's primary key, however long the trail and whatever
// the planner believes about a table that has just been filled.
// Only what is not there is looked for among the entries that came back from the archive.
const TEXT = `coalesce(
  (select s.value from dbos.streams s
    where s.workflow_uuid = a.workflow_id and s.key = 'audit' and s."offset" = a.stream_offset),
  (select r.value from countersign.audit_restored r where r.order_id = a.order_id and r.seq = a.seq)) as text`;

const FILTER = `($3::text is null or a.type = $3) and ($4::text is null or a.actor_id = $4 or a.actor_type = $4)`;

export async function getTrailHead(
  db: Queryable,
  tenant: string,
  orderId: string,
): Promise<TrailHead | null> {
  const { rows } = await db.query<TrailHead>(
    `select o.entries, o.head_hash, o.segment_open as open, ${AWAY}
       from countersign.orders o where o.id = $1 and o.tenant = $2`,
    [orderId, tenant],
  );
  return rows[0] ?? null;
}

export interface TrailPage extends EntryFilter {
  /** Only entries after this one; -1 begins with the first. */
  after: number;
  /** Only entries before this one. */
  before?: number | undefined;
  limit: number;
}

/** One order's entries, oldest first. */
export async function readTrail(
  db: Queryable,
  tenant: string,
  orderId: string,
  { type, actor, after, before, limit }: TrailPage,
): Promise<StoredEntry[]> {
  const { rows } = await db.query<StoredEntry>(
    `select a.seq, ${TEXT}, ${PERSONAL} from countersign.audit_index a
      where a.order_id = $1 and a.tenant = $2 and ${FILTER} and a.seq > $5 and a.seq < $6
      order by a.seq limit $7`,
    [orderId, tenant, type ?? null, actor ?? null, after, before ?? MAX_SEQ, limit],
  );
  return rows;
}

const MAX_SEQ = 2 ** 31 - 1;
const BATCH = 500;

/** All of an order's entries that match, in batches: memory does not grow with the trail. */
export async function* scanTrail(
  db: Queryable,
  tenant: string,
  orderId: string,
  { after, ...filter }: Omit<TrailPage, "limit">,
): AsyncGenerator<StoredEntry[]> {
  for (let last = after; ;) {
    const batch = await readTrail(db, tenant, orderId, { ...filter, after: last, limit: BATCH });
    if (batch.length > 0) yield batch;
    if (batch.length < BATCH) return;
    last = batch.at(-1)?.seq ?? last;
  }
}

/** The entries that came after `after`, and how far the trail is, both of the same moment. Null when there is no such order. */
export async function readTrailTail(
  db: Queryable,
  tenant: string,
  orderId: string,
  after: number,
  limit: number,
): Promise<(Omit<TrailHead, "away"> & { batch: StoredEntry[] }) | null> {
  const { rows } = await db.query<TrailHead & Omit<StoredEntry, "seq"> & { seq: number | null }>(
    `select o.entries, o.head_hash, o.segment_open as open, e.seq, e.text, e.personal
       from countersign.orders o
       left join lateral (
         select a.seq, ${TEXT}, ${PERSONAL} from countersign.audit_index a
          where a.order_id = o.id and a.seq > $3 order by a.seq limit $4) e on true
      where o.id = $1 and o.tenant = $2 order by e.seq`,
    [orderId, tenant, after, limit],
  );
  const head = rows[0];
  if (!head) return null;
  const batch = rows.flatMap(({ seq, text, personal }) => (seq === null ? [] : [{ seq, text, personal }]));
  return { entries: head.entries, head_hash: head.head_hash, open: head.open, batch };
}

/** An entry with what the index says of it. */
export interface IndexedEntry extends StoredEntry {
  order_id: string;
  id: string;
  at: Date;
  type: string;
  actor_type: string;
  actor_id: string;
}

const INDEXED = `a.order_id, a.seq, a.id, a.at, a.type, a.actor_type, a.actor_id, ${TEXT}, ${PERSONAL}`;

export interface AuditPage extends EntryFilter {
  order_id?: string | undefined;
  /** Of orders with this reference. */
  reference?: string | undefined;
  /** Not before this time. */
  from?: Date | undefined;
  /** Before this time. */
  to?: Date | undefined;
  /** Only entries that come after this one in the list. */
  cursor?: { id: string; seq: number } | undefined;
  limit: number;
}

/** Entries of all orders of a tenant by id, or of one order by seq, newest first. */
export async function listEntries(
  db: Queryable,
  tenant: string,
  { type, actor, order_id, reference, from, to, cursor, limit }: AuditPage,
): Promise<IndexedEntry[]> {
  const one = order_id !== undefined;
  const { rows } = await db.query<IndexedEntry>(
    `select ${INDEXED} from countersign.audit_index a
      where a.tenant = $1 and ($2::text is null or a.order_id = $2) and ${FILTER}
        and ($5::text is null or a.id >= $5) and ($6::text is null or a.id < $6)
        and ${one ? "($7::int is null or a.seq < $7)" : "($7::text is null or a.id < $7)"}
        and ($9::text is null or a.order_id = any(array(
              select o.id from countersign.orders o where o.tenant = $1 and o.reference = $9)))
      order by ${one ? "a.seq" : "a.id"} desc limit $8`,
    [
      tenant,
      order_id ?? null,
      type ?? null,
      actor ?? null,
      from ? idsFrom(from) : null,
      to ? idsFrom(to) : null,
      (one ? cursor?.seq : cursor?.id) ?? null,
      limit,
      reference ?? null,
    ],
  );
  return rows;
}

/** All entries that match, newest first, in batches: memory does not grow with them. */
export async function* scanEntries(
  db: Queryable,
  tenant: string,
  filter: Omit<AuditPage, "cursor" | "limit">,
): AsyncGenerator<IndexedEntry[]> {
  for (let cursor: AuditPage["cursor"]; ;) {
    const batch = await listEntries(db, tenant, { ...filter, cursor, limit: BATCH });
    if (batch.length > 0) yield batch;
    if (batch.length < BATCH) return;
    cursor = batch.at(-1);
  }
}

/** Ids begin with their time, so that a span of time is a span of the primary order; what follows the time is cut off. */
const idsFrom = (time: Date): string => derivedId("aud", time, "").slice(0, "aud_".length + 10);

/** An order's entries with what the index says of each, for verification. */
export async function readIndexed(
  db: Queryable,
  tenant: string,
  orderId: string,
  after: number,
  limit: number,
): Promise<IndexedEntry[]> {
  const { rows } = await db.query<IndexedEntry>(
    `select ${INDEXED} from countersign.audit_index a
      where a.order_id = $1 and a.tenant = $2 and a.seq > $3 order by a.seq limit $4`,
    [orderId, tenant, after, limit],
  );
  return rows;
}

/** The first entry in the order's streams to which no row of the index leads. */
export async function findUnindexed(db: Queryable, orderId: string): Promise<{ text: string } | null> {
  const { rows } = await db.query<{ text: string }>(
    `select s.value as text
       from countersign.orders o
      cross join lateral generate_series(0, o.segment) as n
       join dbos.streams s
         on s.workflow_uuid = case n when 0 then o.id else o.id || ':' || n end and s.key = 'audit'
      where o.id = $1 and s.value <> '"__DBOS_STREAM_CLOSED__"'
        and not exists (select from countersign.audit_index a
                         where a.order_id = $1 and a.workflow_id = s.workflow_uuid and a.stream_offset = s."offset")
      order by n, s."offset" limit 1`,
    [orderId],
  );
  return rows[0] ?? null;
}
