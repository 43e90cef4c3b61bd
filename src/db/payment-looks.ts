import type { OrderState } from "../domain/order.ts";
import type { Queryable } from "./pool.ts";

export interface DueLook {
  order_id: string;
  /** Which look this is, from 1. */
  looks: number;
  state: OrderState;
}

/**
 * Claims orders whose payment has been waiting for longer than `after_s`, each for one look, and says when the next is
 * due: twice as long after each, at most 6 hours. Processes never claim the same look.
 */
export async function claimDueLooks(db: Queryable, after_s: number, limit: number): Promise<DueLook[]> {
  const { rows } = await db.query<DueLook>(
    `with due as (
       select o.id from countersign.orders o
         left join countersign.payment_looks l on l.order_id = o.id
        where o.segment_open and o.status in ('created', 'awaiting_payment', 'requires_action', 'payment_failed')
          and o.created_at < now() - make_interval(secs => $1)
          and (l.next_at is null or l.next_at <= now())
        order by o.created_at limit $2
     ), claimed as (
       insert into countersign.payment_looks (order_id, looks, next_at)
       select id, 1, now() + make_interval(secs => $1) from due
       on conflict (order_id) do update
          set looks = payment_looks.looks + 1,
              next_at = now() + least(make_interval(secs => $1 * 2 ^ least(payment_looks.looks, 20)), interval '6 hours')
        where payment_looks.next_at <= now()
       returning order_id, looks
     )
     select c.order_id, c.looks, o.state from claimed c join countersign.orders o on o.id = c.order_id`,
    [after_s, limit],
  );
  return rows;
}

/** Forgets the looks at orders that wait no longer. */
export const forgetLooks = (db: Queryable) =>
  db.query(
    `delete from countersign.payment_looks l using countersign.orders o where o.id = l.order_id and not o.segment_open`,
  );
