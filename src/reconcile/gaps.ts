import { claimEventGap, releaseEventGap } from "../db/event-gaps.ts";
import { findReceived } from "../db/inbound-webhooks.ts";
import type { Pool } from "../db/pool.ts";
import type { Arrival } from "../inbox/accept.ts";
import type { Log } from "../log.ts";
import type { MissedEvent, PaymentProvider } from "../payments/provider.ts";

export interface GapDeps {
  pool: Pool;
  provider: PaymentProvider;
  intake: { accept(arrival: Arrival): Promise<unknown> };
  log: Log;
}

/** An event may fail to be delivered some time after it was created: each look goes back behind the last one. */
const OVERLAP_MS = 10 * 60_000;
const AT_ONCE = 50;

/**
 * Takes in what the provider could not deliver, after a downtime of ours or for whatever reason, as if it had come.
 * @returns how many events were recovered
 */
export async function repairGaps(deps: GapDeps, everyS: number): Promise<number> {
  const { pool, provider, log } = deps;
  const claim = await claimEventGap(pool, provider.name, everyS);
  if (!claim) return 0;
  // What is younger may still arrive by itself.
  const lookTo = new Date(Date.now() - everyS * 1000);
  let reached: Date | null = null;
  let recovered = 0;
  try {
    const since = new Date(Math.min(claim.looked_to.getTime() - OVERLAP_MS, lookTo.getTime()));
    for await (const batch of inBatches(provider.missedEvents(since), AT_ONCE))
      recovered += await takeIn(
        deps,
        batch.filter((event) => event.created_at <= lookTo),
      );
    reached = lookTo;
  } finally {
    await releaseEventGap(pool, provider.name, reached, everyS);
  }
  if (recovered > 0) log.info({ recovered }, "events that were never delivered were found at the provider");
  return recovered;
}

/**
 * Takes in every event since then that is not here, delivered or not: after the database was restored from a backup, what came
 * in between was delivered and is gone. @returns how many were taken in
 */
export async function takeInAll(deps: GapDeps, since: Date): Promise<number> {
  let recovered = 0;
  for await (const batch of inBatches(deps.provider.missedEvents(since, "all"), AT_ONCE))
    recovered += await takeIn(deps, batch);
  deps.log.info({ recovered }, "the provider's events were taken in again");
  return recovered;
}

/** Those that are not here are taken in as if they had come. @returns how many */
async function takeIn({ pool, provider, intake }: GapDeps, events: MissedEvent[]): Promise<number> {
  const received = await findReceived(
    pool,
    provider.name,
    events.map((event) => event.event_id),
  );
  const missing = events.filter((event) => !received.has(event.event_id));
  await Promise.all(
    missing.map(({ body }) =>
      intake.accept({
        provider: provider.name,
        body,
        headers: {},
        received_at: new Date(),
        recovered: true,
      }),
    ),
  );
  return missing.length;
}

async function* inBatches(events: AsyncIterable<MissedEvent>, size: number): AsyncGenerator<MissedEvent[]> {
  let batch: MissedEvent[] = [];
  for await (const event of events) {
    batch.push(event);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
