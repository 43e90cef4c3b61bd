import type { OrderState } from "../domain/order.ts";
import { foundBy } from "./orders-search.ts";
import type { Queryable } from "./pool.ts";

/** An order as stored: its state, and what is kept beside it. */
export interface OrderRow {
  id: string;
  tenant: string;
  state: OrderState;
  segment: number;
  segment_open: boolean;
  entries: number;
  head_hash: string;
  updated_at: Date;
}

const COLUMNS = "id, tenant, state, segment, segment_open, entries, head_hash, updated_at";

export const insertOrder = (tx: Queryable, state: OrderState) =>
  tx.query(
    `insert into countersign.orders (id, tenant, reference, status, amount, currency, state, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
    [
      state.facts.id,
      state.facts.tenant,
      state.facts.reference,
      state.status,
      state.facts.amount,
      state.facts.currency,
      JSON.stringify(state),
      state.facts.created_at,
    ],
  );

export async function getOrder(db: Queryable, tenant: string, id: string): Promise<OrderRow | null> {
  const { rows } = await db.query<OrderRow>(
    `select ${COLUMNS} from countersign.orders where id = $1 and tenant = $2`,
    [id, tenant],
  );
  return rows[0] ?? null;
}

/** For the order's own workflow, whose order exists. */
export async function getOrderById(db: Queryable, id: string): Promise<OrderState> {
  const { rows } = await db.query<{ state: OrderState }>(
    "select state from countersign.orders where id = $1",
    [id],
  );
  if (!rows[0]) throw new Error(`order ${id} does not exist`);
  return rows[0].state;
}

/** The number of an order's newest segment. Locks its row. */
export async function getSegment(tx: Queryable, id: string): Promise<number> {
  const { rows } = await tx.query<{ segment: number }>(
    "select segment from countersign.orders where id = $1 for update",
    [id],
  );
  return rows[0]?.segment ?? 0;
}

export interface OrderFilter {
  status?: string | undefined;
  reference?: string | undefined;
  created_after?: string | undefined;
  /** See `foundBy`. */
  search?: string | undefined;
  /** Only orders before this id, for the next page. */
  before?: string | undefined;
  limit: number;
}

/** Newest first. */
export async function listOrders(db: Queryable, tenant: string, filter: OrderFilter): Promise<OrderRow[]> {
  const { rows } = await db.query<OrderRow>(
    `select ${COLUMNS} from countersign.orders
      where tenant = $1
        and ($2::text is null or status = $2)
        and ($3::text is null or reference = $3)
        and ($4::timestamptz is null or created_at > $4)
        and ($5::text is null or id < $5)
        ${filter.search === undefined ? "" : `and id in (${foundBy({ tenant: "$1", text: "$7" })})`}
      order by id desc limit $6`,
    [
      tenant,
      filter.status ?? null,
      filter.reference ?? null,
      filter.created_after ?? null,
      filter.before ?? null,
      filter.limit,
      ...(filter.search === undefined ? [] : [filter.search]),
    ],
  );
  return rows;
}

/** An order that a webhook is about; `at_rest` is its state when no segment runs, and null while one does. */
export interface FoundOrder {
  id: string;
  /** Its personal data was erased: what comes about it must not bring it back. */
  erased: boolean;
  at_rest: OrderState | null;
}

/** An event's names of its order, as columns of a row. */
export const NAMES = "order_name text, payment_name text, session_name text";

/** The id of the order that a row with `NAMES` is about: by its id in the event's metadata, or by what the provider calls its payment. */
export const ORDER_NAMED = `coalesce(
         (select id from countersign.orders where id = order_name),
         (select id from countersign.orders where payment_id = payment_name limit 1),
         (select id from countersign.orders where session_id = session_name limit 1))`;

export interface OrderNames {
  order_id: string | null;
  payment_id: string | null;
  session_id: string | null;
}

/**
 * Which order each event belongs to. Locks their rows: whoever takes events in locks orders first, in the order of their ids, then
 * changes, then webhooks, so that two of them never wait for each other.
 */
export async function findOrders(tx: Queryable, wanted: OrderNames[]): Promise<(FoundOrder | null)[]> {
  const { rows } = await tx.query<{ n: number } & FoundOrder>(
    `with named as materialized (
       select n, ${ORDER_NAMED} as id from json_to_recordset($1) as w(n int, ${NAMES})
     ), locked as materialized (
       select id, state, segment_open from countersign.orders
        where id = any(array(select id from named where id is not null)) order by id for update
     )
     select n, id, state ? 'erasure' as erased, case when segment_open then null else state end as at_rest
       from named join locked using (id)`,
    [
      JSON.stringify(
        wanted.map((w, n) => ({
          n,
          order_name: w.order_id,
          payment_name: w.payment_id,
          session_name: w.session_id,
        })),
      ),
    ],
  );
  const found = new Map(rows.map(({ n, ...order }) => [n, order]));
  return wanted.map((_, n) => found.get(n) ?? null);
}
