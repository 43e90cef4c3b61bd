import type { OrderState } from "../domain/order.ts";
import type { Queryable } from "./pool.ts";

export interface DueLook {
  order_id: string;
  /** Which look this is, from 1. */
  looks: number;
  state: OrderState;
}

/** Where an order's payment is waited for. */
const WAITING = `o.segment_open and o.status in ('created', 'awaiting_payment', 'requires_action', 'payment_failed')`;

/** How often a payment is looked at in the end, and when one is thought of again that nobody waits for at present. */
const RARELY = "interval '6 hours'";

/** Longer than any order waits. A bound is always there, since one that may be missing is looked up in no index. */
const EVER_S = 100 * 365 * 86_400;

export interface LookOptions {
  /** How long a payment waits before its first look, in seconds. */
  after_s: number;
  limit: number;
  /**
   * Of orders that were never looked at, those made within so many seconds: others were found by an earlier call. Null: all of
   * them, which reads every order that waits.
   */
  within_s: number | null;
}

/**
 * Claims orders whose payment has been waiting for longer than `after_s`, each for one look, and says when the next is
 * due: twice as long after each, at most 6 hours. Processes never claim the same look. Reads what is due alone.
 */
export async function claimDueLooks(
  db: Queryable,
  { after_s, limit, within_s }: LookOptions,
): Promise<DueLook[]> {
  const { rows } = await db.query<DueLook>(
    `with again as (
       select l.order_id as id from countersign.payment_looks l where l.next_at <= now() order by l.next_at limit $2
     ), first as (
       select o.id from countersign.orders o
        where ${WAITING} and o.created_at < now() - make_interval(secs => $1)
          and o.created_at >= now() - make_interval(secs => $3)
          and not exists (select from countersign.payment_looks l where l.order_id = o.id)
        order by o.created_at limit $2
     ), due as (
       select o.id, ${WAITING} as waits from again join countersign.orders o using (id)
       union all
       select id, true from first
     ), claimed as (
       insert into countersign.payment_looks (order_id, looks, next_at)
       select id, 1, now() + make_interval(secs => $1) from due where waits
       on conflict (order_id) do update
          set looks = payment_looks.looks + 1,
              next_at = now() + least(make_interval(secs => $1 * 2 ^ least(payment_looks.looks, 20)), ${RARELY})
        where payment_looks.next_at <= now()
       returning order_id, looks
     ), put_off as (
       update countersign.payment_looks set next_at = now() + ${RARELY}
        where order_id in (select id from due where not waits) and next_at <= now()
     )
     select c.order_id, c.looks, o.state from claimed c join countersign.orders o on o.id = c.order_id`,
    [after_s, limit, within_s ?? EVER_S],
  );
  return rows;
}

/** Forgets the looks at orders that wait no longer. */
export const forgetLooks = (db: Queryable) =>
  db.query(
    `delete from countersign.payment_looks l using countersign.orders o where o.id = l.order_id and not o.segment_open`,
  );
