import type { Queryable } from "./pool.ts";

/** A provider's events are looked for by one process at a time; a claim that is not ended runs out. */
const CLAIM_S = 120;
/** Where the first look begins. */
const FIRST_LOOK_BACK = "1 day";

/**
 * Claims the next look for events of `provider` that never came.
 * @returns up to when they were looked for; null when somebody else is at it, or when the last look was just now
 */
export async function claimEventGap(
  db: Queryable,
  provider: string,
  every_s: number,
): Promise<{ looked_to: Date } | null> {
  await db.query(
    `insert into countersign.event_gaps (provider, looked_to, claimed_until)
     values ($1, now() - interval '${FIRST_LOOK_BACK}', now()) on conflict do nothing`,
    [provider],
  );
  const { rows } = await db.query<{ looked_to: Date }>(
    `update countersign.event_gaps set claimed_until = now() + make_interval(secs => greatest($2, ${CLAIM_S}))
      where provider = $1 and claimed_until <= now() returning looked_to`,
    [provider, every_s],
  );
  return rows[0] ?? null;
}

/** Ends the claim; the next look is due in `every_s`. Without `looked_to` it begins where this one did. */
export const releaseEventGap = (db: Queryable, provider: string, looked_to: Date | null, every_s: number) =>
  db.query(
    `update countersign.event_gaps
        set looked_to = greatest(looked_to, coalesce($2, looked_to)),
            claimed_until = now() + make_interval(secs => $3 * 0.9)
      where provider = $1`,
    [provider, looked_to, every_s],
  );
