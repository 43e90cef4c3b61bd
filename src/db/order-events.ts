import type { Queryable } from "./pool.ts";

/** Every event of the order's newest segment; the engine has no call for all of them. */
export async function getOrderEvents(
  db: Queryable,
  tenant: string,
  id: string,
): Promise<Map<string, unknown> | null> {
  const { rows } = await db.query<{ key: string | null; value: string | null }>(
    `select e.key, e.value
       from countersign.orders o
       left join dbos.workflow_events e
         on e.workflow_uuid = case when o.segment = 0 then o.id else o.id || ':' || o.segment end
      where o.id = $1 and o.tenant = $2`,
    [id, tenant],
  );
  if (rows.length === 0) return null;
  return new Map(
    rows.flatMap(({ key, value }) =>
      key !== null && value !== null ? [[key, JSON.parse(value) as unknown]] : [],
    ),
  );
}
