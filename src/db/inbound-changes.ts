import type { Queryable } from "./pool.ts";

/** An event that claims to be the first that tells a change; `change` is a hash of all that it tells. */
export interface ChangeClaim {
  provider: string;
  event_id: string;
  change: string;
  /** The provider's time of the event. */
  told_at: Date;
}

/** Events of one change are made at once. What tells the same much later is a change of its own. */
const WINDOW_S = 60;

const IS_NEAR = `abs(extract(epoch from known.told_at - excluded.told_at)) <= ${WINDOW_S}`;

/**
 * Claims each change of `source`, none of which may occur twice in it, and waits for whoever claims the same at the same moment. In
 * one order everywhere, so that two batches never wait for each other.
 */
export const insertChanges = (source: string): string =>
  `insert into countersign.inbound_changes as known (provider, change, event_id, told_at)
   select provider, change, event_id, told_at from ${source} where change is not null order by change collate "C"
   on conflict (provider, change) do update
      set event_id = case when ${IS_NEAR} then known.event_id else excluded.event_id end,
          told_at = case when ${IS_NEAR} then known.told_at else excluded.told_at end
   returning provider, change, event_id`;

/**
 * Finds out which event told each change first: this one, unless another did.
 * @returns the first event by the event that claimed, for those that were not first
 */
export async function claimChanges(tx: Queryable, claims: ChangeClaim[]): Promise<Map<string, string>> {
  if (claims.length === 0) return new Map();
  const { rows } = await tx.query<{ claimed: string; first: string }>(
    `with claim as (
       select * from json_to_recordset($1) as c(provider text, change text, event_id text, told_at timestamptz)
     ), held as (
       ${insertChanges("claim")}
     )
     select claim.event_id as claimed, held.event_id as first from held join claim using (provider, change)
      where held.event_id <> claim.event_id`,
    [JSON.stringify(claims)],
  );
  return new Map(rows.map(({ claimed, first }) => [claimed, first]));
}

/** Forgets who was first, of changes heard of before `seenBefore`. @returns how many, at most `limit` */
export async function forgetChanges(db: Queryable, seenBefore: Date, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from countersign.inbound_changes where (provider, change) in (
       select provider, change from countersign.inbound_changes where seen_at < $1
        order by seen_at limit $2 for update skip locked)`,
    [seenBefore, limit],
  );
  return rowCount ?? 0;
}
