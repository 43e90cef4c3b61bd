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
export async function repairGaps({ pool, provider, intake, log }: GapDeps, everyS: number): Promise<number> {
  const claim = await claimEventGap(pool, provider.name, everyS);
  if (!claim) return 0;
  // What is younger may still arrive by itself.
  const lookTo = new Date(Date.now() - everyS * 1000);
  let reached: Date | null = null;
  let recovered = 0;
  try {
    const since = new Date(Math.min(claim.looked_to.getTime() - OVERLAP_MS, lookTo.getTime()));
    for await (const batch of inBatches(provider.missedEvents(since), AT_ONCE)) {
      const old = batch.filter((event) => event.created_at <= lookTo);
      const received = await findReceived(
        pool,
        provider.name,
        old.map((event) => event.event_id),
      );
      const missing = old.filter((event) => !received.has(event.event_id));
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
      recovered += missing.length;
    }
    reached = lookTo;
  } finally {
    await releaseEventGap(pool, provider.name, reached, everyS);
  }
  if (recovered > 0) log.info({ recovered }, "events that were never delivered were found at the provider");
  return recovered;
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
