import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "../db/pool.ts";
import { recordTry, type ClaimedDelivery, type RecordedTry } from "../db/webhook-deliveries.ts";
import { decideDelivery, DISABLE_AFTER_MS } from "../domain/delivery.ts";
import type { Fault } from "../engine/fault.ts";
import type { Log } from "../log.ts";
import { inSpan } from "../observe/trace.ts";
import type { Seal } from "../seal.ts";
import { send, type Delivered, type OutboundRules } from "../outbound/send.ts";
import { openSecrets } from "./endpoint-secrets.ts";

export interface TryDeps {
  pool: Pool;
  /** Who claims. */
  executorId: string;
  seal: Seal;
  /** Where webhooks may go. */
  outbound: OutboundRules;
  /** Told how each try ended, and how long it took, in seconds. */
  onTried?: (outcome: Delivered["outcome"], seconds: number) => void;
  /** Told when an endpoint was disabled. */
  onDisabled: () => void;
  log: Log;
  fault: Fault;
  /** Breaks tries off when the service stops. */
  signal: AbortSignal;
}

const RECORD_AGAIN_MS = 500;

const UNREADABLE: Delivered = {
  ...{ outcome: "failed", reason: "the service cannot read the secret", retry: true, heard: null },
};

/** Makes one try of a claimed delivery, and records what came of it. */
export async function tryDelivery(deps: TryDeps, delivery: ClaimedDelivery): Promise<void> {
  const { executorId, fault, log, signal } = deps;
  const at = new Date();
  const start = performance.now();
  fault("webhook_post", "before");
  const posted = await inSpan(
    `webhook ${delivery.event_type}`,
    { kind: "client", attributes: { "countersign.event_id": delivery.event_id } },
    () => post(deps, delivery),
  );
  const sent = posted ?? UNREADABLE;
  fault("webhook_post", "after");
  // Its claim ends with this process's lease, and the same try is made again.
  if (sent.outcome === "failed" && signal.aborted) return;
  deps.onTried?.(sent.outcome, (performance.now() - start) / 1000);
  const heard = sent.outcome === "accepted" ? sent : sent.heard;
  const gone = heard?.status === 410;
  const verdict = decideDelivery(
    sent.outcome === "accepted"
      ? { outcome: "accepted" }
      : { outcome: "failed", gone, retry_after_s: heard?.retry_after_s ?? null },
    { type: delivery.event_type, attempts: delivery.attempts, chance: Math.random() },
  );
  const tried = {
    at: at.toISOString(),
    duration_ms: Math.round(performance.now() - start),
    status: heard?.status ?? null,
    error: sent.outcome === "accepted" ? null : sent.reason,
    response: heard?.excerpt ?? null,
  };
  fault("webhook_record", "before");
  const { disabled } = await record(deps, {
    ...{ id: delivery.id, executor: executorId, tried, ...verdict, gone, ours: posted === null },
    disableAfterS: DISABLE_AFTER_MS / 1000,
  });
  fault("webhook_record", "after");
  if (!disabled) return;
  log.warn({ endpoint_id: delivery.endpoint_id, gone }, "a webhook endpoint was disabled");
  deps.onDisabled();
}

/** Null: it was not posted, as none of the secrets that sign can be opened. */
async function post(
  { seal, outbound, signal, log }: TryDeps,
  delivery: ClaimedDelivery,
): Promise<Delivered | null> {
  const { url, event_id: id, body } = delivery;
  const secrets = openSecrets(seal, delivery, log);
  return secrets.length === 0 ? null : send({ url, secrets, id, body }, { ...outbound, signal });
}

/** What was posted must be kept, or it is posted again: so it is tried until the database is there, or the service stops. */
async function record({ pool, signal, log }: TryDeps, tried: RecordedTry): Promise<{ disabled: boolean }> {
  for (;;) {
    try {
      return await recordTry(pool, tried);
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ err: error, delivery_id: tried.id }, "a webhook's try could not be recorded yet");
      await sleep(RECORD_AGAIN_MS);
    }
  }
}
