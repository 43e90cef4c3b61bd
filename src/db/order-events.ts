import { orderEvents } from "../domain/order-view.ts";
import type { OrderState } from "../domain/order.ts";
import { openPayload } from "./payloads.ts";
import type { Queryable } from "./pool.ts";

/**
 * Every event of the order's newest segment; the engine has no call for all of them. Those of an archived order went with its
 * workflows, and follow from its state.
 */
export async function getOrderEvents(
  db: Queryable,
  tenant: string,
  id: string,
): Promise<Map<string, unknown> | null> {
  const { rows } = await db.query<{ key: string | null; value: string | null; state: OrderState | null }>(
    `select e.key, e.value, case when e.key is null and o.archived then o.state end as state
       from countersign.orders o
       left join dbos.workflow_events e
         on e.workflow_uuid = case when o.segment = 0 then o.id else o.id || ':' || o.segment end
      where o.id = $1 and o.tenant = $2`,
    [id, tenant],
  );
  const [first] = rows;
  if (!first) return null;
  if (first.state) return new Map(Object.entries(orderEvents(first.state)));
  return new Map(
    rows.flatMap(({ key, value }) =>
      key !== null && value !== null ? [[key, JSON.parse(openPayload(value, id)) as unknown]] : [],
    ),
  );
}
