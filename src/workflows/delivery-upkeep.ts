import { claimDisabled, deleteHiddenEndpoints, markTold } from "../db/webhook-endpoints.ts";
import type { DisabledEndpoint } from "../db/webhook-endpoints.ts";
import type { Pool } from "../db/pool.ts";
import { deleteOldDeliveries } from "../db/webhook-deliveries.ts";
import { KEEP_DELIVERIES_MS } from "../domain/delivery.ts";
import { derivedId } from "../domain/derived-id.ts";
import type { Log } from "../log.ts";
import { endpointDisabledMail } from "../mail/templates/index.ts";
import type { Mailer } from "../mail/transport.ts";

export interface UpkeepDeps {
  pool: Pool;
  mailer: Mailer;
  /** Who is told that an endpoint was disabled; null: the log alone. */
  operator: string | null;
  log: Log;
}

const EVERY_MS = 60_000;
/** Seconds until a mail that nobody saw off is sent again. */
const TELL_AGAIN_S = 120;
const BATCH = 1_000;

/** Tells the operator of disabled endpoints, and deletes old deliveries, in every process; claims make it once. */
export function startUpkeep(deps: UpkeepDeps): { tell(): void; stop(): Promise<void> } {
  const { log } = deps;
  let stopping = false;
  let running: Promise<void> = Promise.resolve();
  const next = (work: () => Promise<unknown>) => {
    running = running.then(work).then(
      () => undefined,
      (error: unknown) => log.warn({ err: error }, "the upkeep of webhooks failed"),
    );
  };
  const tell = () => next(() => tellOperator(deps));
  const timer = setInterval(() => {
    tell();
    next(() => deleteOld(deps, () => stopping));
  }, EVERY_MS);
  timer.unref();
  return {
    tell,
    async stop() {
      stopping = true;
      clearInterval(timer);
      await running;
    },
  };
}

/** The same mail when it is sent twice: its id and date are the event's. */
async function tellOperator({ pool, mailer, operator, log }: UpkeepDeps): Promise<void> {
  for (const endpoint of await claimDisabled(pool, TELL_AGAIN_S)) {
    const sent = operator === null ? null : await mailer.send(mailOf(endpoint, operator));
    if (sent?.outcome === "deferred") continue;
    if (sent?.outcome === "refused")
      log.error({ reason: sent.reason, endpoint_id: endpoint.id }, "the operator could not be told");
    await markTold(pool, endpoint.id);
  }
}

const mailOf = (endpoint: DisabledEndpoint, to: string) => ({
  ...endpointDisabledMail({
    ...endpoint,
    disabled_at: endpoint.disabled_at.toISOString(),
    failing_since: endpoint.failing_since?.toISOString() ?? null,
  }),
  to,
  messageId: `<${endpoint.id}.${endpoint.disabled_at.getTime()}@countersign>`,
  date: endpoint.disabled_at.toISOString(),
});

/** In batches, so that nobody waits for long; ids sort by time. */
async function deleteOld({ pool }: UpkeepDeps, isStopping: () => boolean): Promise<void> {
  const { time } = /^whd_(?<time>.{10})/.exec(derivedId("whd", new Date(Date.now() - KEEP_DELIVERIES_MS), ""))
    ?.groups ?? { time: "" };
  while (!isStopping() && (await deleteOldDeliveries(pool, `whd_${time}`, BATCH)) === BATCH);
  await deleteHiddenEndpoints(pool);
}
