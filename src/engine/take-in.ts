import { insertChanges } from "../db/inbound-changes.ts";
import {
  insertInbound,
  packInbound,
  PACKED,
  type NewInboundWebhook,
  type StoredInbound,
} from "../db/inbound-webhooks.ts";
import { NAMES, ORDER_NAMED, type OrderNames } from "../db/orders.ts";
import { closePayload } from "../db/payloads.ts";
import type { Queryable } from "../db/pool.ts";
import { traced } from "../observe/trace.ts";
import type { Letter } from "./messages.ts";
import { TOPIC } from "./names.ts";

/** An event that was read, before it is known which order it is about. */
export interface Incoming {
  /** As it is to be stored if no order is found. */
  webhook: NewInboundWebhook;
  names: OrderNames;
  change: { key: string; told_at: Date } | null;
  /** What its order is to be told; null: an event that orders do not depend on. */
  letter: Pick<Letter<object>, "message" | "key" | "trace"> | null;
}

/**
 * Takes in what needs no second thought, in one statement that commits by itself: an event of no order is stored as it is, and
 * one of an order whose workflow runs is stored as routed and sent to it. Set aside, and left out of the answer, are those of
 * orders at rest or erased, and those whose change another event told before. No event and no change may occur twice.
 *
 * The rows of orders are locked before anything is judged or written, so that no segment closes meanwhile; see `findOrders` for
 * the order of locks. Sorting makes each step wait for all of the one before.
 */
export async function takeIn(db: Queryable, events: Incoming[]): Promise<StoredInbound[]> {
  const { rows, bodies } = packInbound(events.map(({ webhook }) => webhook));
  const incoming = events.map(({ names, change, letter }, i) =>
    Object.assign(rows[i] ?? {}, {
      order_name: names.order_id,
      payment_name: names.payment_id,
      session_name: names.session_id,
      change: change?.key,
      told_at: change?.told_at,
      key: letter?.key,
      message:
        letter && (JSON.parse(closePayload(traced(letter.message, letter.trace), letter.key)) as object),
    }),
  );
  const taken = await db.query<StoredInbound>(SQL, [JSON.stringify(incoming), bodies]);
  return taken.rows;
}

const SQL = `
with event as materialized (
  select *, ${ORDER_NAMED} as about
    from json_to_recordset($1) as e(${PACKED}, ${NAMES}, change text, told_at timestamptz, key text, message json)
), locked as materialized (
  select id, segment, segment_open, state ? 'erasure' as erased from countersign.orders
   where id = any(array(select about from event where about is not null)) order by id for update
), plain as materialized (
  select event.*, locked.id as found,
         case when segment = 0 then locked.id else locked.id || ':' || segment end as workflow
    from event left join locked on locked.id = about
   where locked.id is null or not erased and (message is null or segment_open)
), claimed as (
  ${insertChanges("plain")}
), kept as materialized (
  select plain.id, provider, plain.event_id, type, correlation, recovered, headers, body_from, body_length, received_at,
         case when found is not null and message is not null then 'routed' else state end as state,
         case when found is not null and message is not null then null else reason end as reason,
         case when message is not null then found end as order_id,
         workflow, key, message
    from plain left join claimed using (provider, change)
   where change is null or claimed.event_id = plain.event_id
), stored as (
  ${insertInbound("kept", "$2")}
), sent as (
  insert into dbos.notifications (destination_uuid, topic, message, serialization, message_uuid)
  select workflow, '${TOPIC}', message::text, 'portable_json', key || '::' || workflow
    from kept where message is not null and order_id is not null and id in (select id from stored where fresh)
  on conflict (message_uuid) do nothing
)
select * from stored`;
