import type { Queryable } from "./pool.ts";

/** The personal values beside an entry of `audit_index a`: one look-up in the primary key, as for its text. */
export const PERSONAL = `coalesce((
  select json_agg(json_build_object('path', p.path, 'salt', p.salt, 'value', p.value) order by p.path)
    from countersign.audit_personal p where p.order_id = a.order_id and p.seq = a.seq), '[]') as personal`;

/** Takes every value of an order away, for good. @returns how many there were */
export async function deletePersonal(tx: Queryable, orderId: string): Promise<number> {
  const { rowCount } = await tx.query("delete from countersign.audit_personal where order_id = $1", [
    orderId,
  ]);
  return rowCount ?? 0;
}
