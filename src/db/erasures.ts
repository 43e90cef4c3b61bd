import { derivedId } from "../domain/derived-id.ts";
import type { OrderState } from "../domain/order.ts";
import type { Queryable } from "./pool.ts";

/** Keeps whom to look for until it is done: the order's row does not say it any more. */
export const insertErasure = (tx: Queryable, { facts, payment, strays }: OrderState) => {
  const { email, name } = facts.customer;
  // A name by itself is looked for as a JSON string of its own: a part of a text may be anybody's.
  const needles = [email, name === null ? null : JSON.stringify(name)].filter((text) => text !== null);
  const names = [facts.id, payment.id, payment.session_id, ...strays].filter((text) => text !== null);
  return tx.query(
    `insert into countersign.erasures (order_id, needles, names, searched) values ($1, $2, $3, $4)
     on conflict (order_id) do update
        set needles = erasures.needles || excluded.needles, names = excluded.names, searched = excluded.searched,
            webhooks = case when cardinality(erasures.names) = 0 then 0 else erasures.webhooks end`,
    [facts.id, needles, names, firstWebhook(facts.created_at)],
  );
};

/** Ids begin with their time: no webhook about an order is older than the order, whatever the clocks of two processes. */
const firstWebhook = (created_at: string): string =>
  derivedId("whi", new Date(Date.parse(created_at) - 60_000), "").slice(0, "whi_".length + 10);

/** By the database's own clock, with microseconds: RFC 3339 would cut them. */
export async function databaseTime(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ now: string }>("select clock_timestamp()::text as now");
  return rows[0]?.now ?? "";
}

/** How many transactions of our processes were begun before that time and are still open. */
export async function transactionsBefore(db: Queryable, time: string): Promise<number> {
  const { rows } = await db.query<{ open: number }>(
    `select count(*)::int as open from pg_stat_activity
      where datname = current_database() and application_name like 'countersign%'
        and pid <> pg_backend_pid() and xact_start < $1::timestamptz`,
    [time],
  );
  return rows[0]?.open ?? 0;
}

/**
 * Searches the next `limit` received webhooks for an order that is being erased, and removes the bodies of those about it or its
 * customer; the body's hash stays. Webhooks of other orders are left alone, and those of nobody that are still looked at.
 * @returns how many were looked at; null when there is nothing to search for
 */
export async function searchInbox(db: Queryable, orderId: string, limit: number): Promise<number | null> {
  const { rows } = await db.query<{ looked: number }>(
    `with erasure as (
       select * from countersign.erasures where order_id = $1 and cardinality(names) > 0
     ), batch as (
       select w.id, w.order_id, w.correlation, w.state, w.body from countersign.inbound_webhooks w, erasure e
        where w.id > e.searched order by w.id limit $2
     ), hit as (
       select b.id from batch b, erasure e
        where not ${IS_ERASED("b.body")}
          and (b.order_id = $1 or b.correlation && e.names
               or b.order_id is null
                  and exists (select from unnest(e.names || case when b.state in ('parked', 'failed') then '{}' else e.needles end) as name
                               where strpos(${SEARCHABLE("b.body")}, ${SEARCHABLE("convert_to(name, 'UTF8')")}) > 0))
     ), erased as (
       update countersign.inbound_webhooks w
          set body = convert_to(json_build_object(
                'erased', 'with the personal data of ' || $1::text,
                'sha256', encode(sha256(w.body), 'hex'),
                'bytes', length(w.body))::text, 'UTF8'),
              next_look_at = null
         from hit where w.id = hit.id
       returning w.id
     ), searched as (
       update countersign.erasures
          set searched = coalesce((select max(id) from batch), searched),
              webhooks = webhooks + (select count(*) from erased)
        where order_id = $1
     )
     select (select count(*)::int from batch) as looked from erasure`,
    [orderId, limit],
  );
  return rows[0]?.looked ?? null;
}

/** A body that was removed says so. */
const IS_ERASED = (body: string): string => `starts_with(encode(${body}, 'escape'), '{"erased"')`;

/** Bytes as text in lower case, whatever they are. */
const SEARCHABLE = (bytes: string): string => `lower(encode(${bytes}, 'escape'))`;

/** Removes samples of requests with a bad signature that name the customer or the order. */
export const eraseSamples = (db: Queryable, orderId: string) =>
  db.query(
    `delete from countersign.signature_failures f using countersign.erasures e
      where e.order_id = $1
        and exists (select from unnest(e.names || e.needles) as name where strpos(lower(f.body_start), lower(name)) > 0)`,
    [orderId],
  );

/**
 * Nothing is left to find, and whom to look for is forgotten.
 * @returns how many webhooks were erased; the same when it was finished before
 */
export async function finishErasure(db: Queryable, orderId: string): Promise<number> {
  const { rows } = await db.query<{ webhooks: number }>(
    "update countersign.erasures set needles = '{}', names = '{}' where order_id = $1 returning webhooks",
    [orderId],
  );
  return rows[0]?.webhooks ?? 0;
}
