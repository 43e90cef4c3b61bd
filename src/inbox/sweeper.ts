import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "../db/pool.ts";
import type { Log } from "../log.ts";
import type { WebhookSources } from "../payments/webhook-source.ts";
import { forgetOld } from "./retention.ts";
import { takeWaiting } from "./waiting.ts";

const SWEEP_EVERY_MS = 3_000;
const FORGET_EVERY_MS = 3_600_000;

/** Looks again at what is parked or failed every few seconds, and forgets what is old every hour. */
export function startInboxSweeper(pool: Pool, sources: WebhookSources, log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const every = async (ms: number, work: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      await work().catch((error: unknown) => log.warn({ err: error }, "the inbox could not be swept"));
      await sleep(ms, undefined, { ref: false, signal }).catch(() => undefined);
    }
  };
  const running = Promise.all([
    every(SWEEP_EVERY_MS, async () => {
      const delivered = await takeWaiting(pool, sources, log);
      if (delivered > 0) log.info({ delivered }, "webhooks that waited were delivered");
    }),
    every(FORGET_EVERY_MS, async () => {
      const forgotten = await forgetOld(pool, new Date(), signal);
      if (forgotten > 0) log.info({ forgotten }, "old webhooks were deleted");
    }),
  ]);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
