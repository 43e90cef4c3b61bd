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

/**
 * Stores webhooks and counts those that came before.
 * @returns the event ids that are new.
 */
export async function storeInbound(tx: Queryable, webhooks: NewInboundWebhook[]): Promise<Set<string>> {
  // In one order everywhere: two batches with the same events wait for each other, and never both.
  const sorted = webhooks.toSorted((a, b) => (a.event_id < b.event_id ? -1 : 1));
  const { rows } = await tx.query<{ event_id: string; fresh: boolean }>(
    `insert into countersign.inbound_webhooks
            (id, provider, event_id, type, state, reason, order_id, correlation, recovered, headers, body, received_at)
     select id, provider, event_id, type, state, reason, order_id,
            array(select json_array_elements_text(correlation)), recovered, headers, decode(body, 'base64'), received_at
       from json_to_recordset($1) as w(id text, provider text, event_id text, type text, state text, reason text,
            order_id text, correlation json, recovered boolean, headers jsonb, body text, received_at timestamptz)
     on conflict (provider, event_id) do update set duplicates = inbound_webhooks.duplicates + 1
     returning event_id, duplicates = 0 as fresh`,
    [JSON.stringify(sorted.map((w) => ({ ...w, body: w.body.toString("base64") })))],
  );
  return new Set(rows.filter((row) => row.fresh).map((row) => row.event_id));
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

export const setInboundState = (
  tx: Queryable,
  id: string,
  state: InboundState,
  reason: string | null,
  orderId: string | null,
) =>
  tx.query(
    `update countersign.inbound_webhooks
        set state = $2, reason = $3, order_id = coalesce($4, order_id), attempts = attempts + 1 where id = $1`,
    [id, state, reason, orderId],
  );

/** Parked webhooks whose order exists by now, oldest first: what a crash between two steps may have left. */
export async function findDeliverable(
  db: Queryable,
  limit: number,
): Promise<{ id: string; order_id: string }[]> {
  const { rows } = await db.query<{ id: string; order_id: string }>(
    `select w.id, o.id as order_id
       from countersign.inbound_webhooks w
       join countersign.orders o
         on o.id = any(w.correlation) or o.payment_id = any(w.correlation) or o.session_id = any(w.correlation)
      where w.state = 'parked' order by w.id limit $1`,
    [limit],
  );
  return rows;
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

/** Newest first, without headers and body. */
export async function listInbound(
  db: Queryable,
  { tenant, admin }: InboundViewer,
  filter: {
    state?: string | undefined;
    provider?: string | undefined;
    before?: string | undefined;
    limit: number;
  },
): Promise<Omit<InboundWebhook, "headers" | "body" | "correlation">[]> {
  const { rows } = await db.query<InboundWebhook>(
    `select ${LISTED} from countersign.inbound_webhooks
      where ${VISIBLE}
        and ($3::text is null or state = $3)
        and ($4::text is null or provider = $4)
        and ($5::text is null or id < $5)
      order by id desc limit $6`,
    [tenant, admin, filter.state ?? null, filter.provider ?? null, filter.before ?? null, filter.limit],
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

export interface InboundFilter {
  state?: InboundState | undefined;
  type?: string | undefined;
  order_id?: string | undefined;
  received_after?: string | undefined;
  received_before?: string | undefined;
}

/** Oldest first. */
export async function findMatching(
  db: Queryable,
  { tenant, admin }: InboundViewer,
  filter: InboundFilter,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from countersign.inbound_webhooks
      where ${VISIBLE}
        and ($3::text is null or state = $3)
        and ($4::text is null or type = $4)
        and ($5::text is null or order_id = $5)
        and ($6::timestamptz is null or received_at > $6)
        and ($7::timestamptz is null or received_at < $7)
      order by id limit $8`,
    [
      tenant,
      admin,
      filter.state ?? null,
      filter.type ?? null,
      filter.order_id ?? null,
      filter.received_after ?? null,
      filter.received_before ?? null,
      limit,
    ],
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
