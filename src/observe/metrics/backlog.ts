import { Gauge, type Registry } from "prom-client";
import type { Backlog } from "../../db/backlog.ts";
import { OPEN_STATUSES } from "../../domain/order.ts";

/** How long what the database said is told again: for scrapers that come at once. */
const FRESH_MS = 1_000;
/** A database that is slow must not cost the other metrics. */
const WITHIN_MS = 2_000;

/** What waits, as the database has it: the same at every process. */
export function backlogMetrics(registry: Registry, read: () => Promise<Backlog | null>): void {
  const look = shared(read);
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    set: (gauge: Gauge<Label>, backlog: Backlog) => void,
  ) =>
    new Gauge({
      ...{ name, help, labelNames, registers: [registry] },
      async collect() {
        const backlog = await look();
        this.reset();
        if (backlog) set(this, backlog);
        // Nothing is better than a zero that nobody counted.
        else if (labelNames.length === 0) this.remove();
      },
    });
  const byName =
    <Label extends string>(label: Label, names: readonly string[], part: (b: Backlog) => Counted[]) =>
    (to: Gauge<Label>, backlog: Backlog) => {
      for (const name of names) to.set({ [label]: name } as Record<Label, string>, 0);
      for (const { name, count } of part(backlog)) to.set({ [label]: name } as Record<Label, string>, count);
    };
  const one = (part: (b: Backlog) => number) => (to: Gauge, backlog: Backlog) => to.set(part(backlog));

  gauge(
    "countersign_orders_open",
    "Orders under way, by status",
    ["status"],
    byName("status", OPEN_STATUSES, (b) => b.orders),
  );
  gauge(
    "countersign_inbox_webhooks",
    "Received webhooks that wait for something, by state",
    ["state"],
    byName("state", ["parked", "failed", "quarantined"], (b) => b.inbox),
  );
  gauge(
    "countersign_inbox_oldest_parked_age_seconds",
    "Age of the oldest webhook whose order is not known yet",
    [],
    one((b) => b.oldest_parked_s),
  );
  gauge(
    "countersign_messages_unconsumed",
    "Messages that no workflow has taken yet",
    [],
    one((b) => b.messages),
  );
  gauge(
    "countersign_messages_oldest_age_seconds",
    "Age of the oldest message that no workflow has taken yet",
    [],
    one((b) => b.oldest_message_s),
  );
  gauge(
    "countersign_workflows_pending",
    "Workflows that run or are parked (pending), wait for a process (enqueued), or sleep (sleeping)",
    ["state"],
    byName("state", ["pending", "enqueued", "sleeping"], (b) => b.workflows),
  );
  gauge(
    "countersign_workflows_broken",
    "Workflows that ended with an error",
    [],
    one((b) => b.broken),
  );
  gauge(
    "countersign_approvals_waiting",
    "Approvals that wait for people",
    [],
    one((b) => b.approvals),
  );
  gauge(
    "countersign_deliveries_pending",
    "Webhooks to merchants that are still to be delivered to enabled endpoints",
    [],
    one((b) => b.deliveries),
  );
  gauge(
    "countersign_deliveries_oldest_age_seconds",
    "Age of the oldest webhook that is still to be delivered",
    [],
    one((b) => b.oldest_delivery_s),
  );
  gauge(
    "countersign_webhook_endpoints",
    "Endpoints of merchants: enabled, or disabled by hand (manual), by a 410 (gone) or after days of failure (failing)",
    ["state"],
    byName("state", ["enabled", "manual", "gone", "failing"], (b) => b.endpoints),
  );
  gauge(
    "countersign_executors",
    "Processes that run workflows and are taken for alive",
    [],
    one((b) => b.executors),
  );
  new Gauge({
    name: "countersign_backlog_up",
    help: "Whether the database answered when it was asked what waits",
    registers: [registry],
    async collect() {
      this.set((await look()) ? 1 : 0);
    },
  });
}

type Counted = Backlog["orders"][number];

/** Everybody who asks within a while shares one look; null when the database does not answer. */
function shared(read: () => Promise<Backlog | null>): () => Promise<Backlog | null> {
  let at = -Infinity;
  let looking = false;
  let last: Promise<Backlog | null> = Promise.resolve(null);
  return () => {
    if (looking || performance.now() - at < FRESH_MS) return last;
    at = performance.now();
    looking = true;
    let late: NodeJS.Timeout | undefined;
    const patience = new Promise<null>((resolve) => {
      late = setTimeout(() => resolve(null), WITHIN_MS);
    });
    const answer = read()
      .catch(() => null)
      .finally(() => (looking = false));
    last = Promise.race([answer, patience]).finally(() => clearTimeout(late));
    return last;
  };
}
