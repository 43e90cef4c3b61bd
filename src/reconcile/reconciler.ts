import { setTimeout as sleep } from "node:timers/promises";
import { forgetLooks } from "../db/payment-looks.ts";
import { insertReconciliation, listTenants, type ReportedDifference } from "../db/reconciliations.ts";
import { newId } from "../ids.ts";
import { repairGaps, type GapDeps } from "./gaps.ts";
import { runReport } from "./report.ts";
import { lookAtWaiting } from "./waiting.ts";

export interface Reconciler {
  /** Starts a report of a tenant's open and recent orders. @returns its id at once; the report goes on by itself */
  report: (tenant: string, since: Date, startedBy: string, allEvents: boolean) => Promise<string>;
  stop(): Promise<void>;
}

interface Options extends GapDeps {
  /** Null: it asks nothing by itself, and reports when it is asked to. */
  everyS: number | null;
  /** Told of each night's report that found something. */
  onDifferences: (tenant: string, differences: ReportedDifference[]) => Promise<void>;
}

/** Nightly reports begin at this hour, UTC, and cover this many days. */
const NIGHT_HOUR = 3;
const RECENT_MS = 3 * 86_400_000;

/**
 * Keeps orders and provider in agreement: repairs gaps in the events every few seconds, polls payments that wait for too
 * long, and compares everything open or recent each night. Every process may run one; claims in the database see to it
 * that each thing is done once.
 */
export function startReconciler(options: Options): Reconciler {
  const { pool, log, everyS, onDifferences } = options;
  const stopping = new AbortController();
  const reports = new Set<Promise<unknown>>();
  let night = "";

  /** Until it has ended; it must not fail. */
  function keep(report: Promise<unknown>): void {
    reports.add(report);
    void report.finally(() => reports.delete(report));
  }

  async function start(tenant: string, since: Date, startedBy: string, allEvents = false) {
    const id = newId("rec");
    if (!(await insertReconciliation(pool, { id, tenant, since, started_by: startedBy }))) return null;
    const running = runReport(options, { id, tenant, since, allEvents }, stopping.signal);
    // It has told its row and the log when it fails, which may be all that its caller wants to know of it.
    keep(running.catch(() => undefined));
    return { id, running };
  }

  async function compareAll(now: Date, today: string): Promise<void> {
    await forgetLooks(pool);
    for (const tenant of await listTenants(pool)) {
      const started = await start(tenant, new Date(now.getTime() - RECENT_MS), `night ${today}`);
      const differences = (await started?.running) ?? [];
      if (differences.length > 0) await onDifferences(tenant, differences);
    }
  }

  /** Begins the night's comparison once, and lets it go on by itself. */
  function nightly(): void {
    const now = new Date();
    const today = now.toISOString().slice(0, 10);
    if (now.getUTCHours() < NIGHT_HOUR || night === today) return;
    night = today;
    const running = compareAll(now, today).catch((error: unknown) => {
      log.error({ err: error }, "the nightly comparison with the provider failed");
    });
    keep(running);
  }

  async function loop(everyS: number): Promise<void> {
    while (!stopping.signal.aborted) {
      nightly();
      for (const work of [() => repairGaps(options, everyS), () => lookAtWaiting(options)])
        await work().catch((error: unknown) => log.warn({ err: error }, "the provider could not be asked"));
      await sleep(everyS * 1000, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
    }
  }

  const running = everyS === null ? Promise.resolve() : loop(everyS);
  return {
    async report(tenant, since, startedBy, allEvents) {
      const started = await start(tenant, since, startedBy, allEvents);
      if (!started) throw new Error(`a report by ${startedBy} exists already`);
      return started.id;
    },
    async stop() {
      stopping.abort();
      await Promise.all([running, ...reports]);
    },
  };
}
