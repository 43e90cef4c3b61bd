import { Counter, Histogram, type Registry } from "prom-client";
import type { ApprovalState } from "../../domain/approval.ts";
import { END_STATUSES, type OrderState } from "../../domain/order.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** From what nobody is asked about to what waits for people. */
const LIFE = [1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY];

/** What becomes of orders and approvals, counted where it is committed. */
export function orderMetrics(registry: Registry) {
  const registers = [registry];
  const created = new Counter({
    name: "countersign_orders_created_total",
    help: "Orders whose payment was opened, or that failed before",
    registers,
  });
  const ended = new Counter({
    name: "countersign_orders_ended_total",
    help: "Orders that came to an end; one that is refunded or disputed later ends anew",
    labelNames: ["status"],
    registers,
  });
  for (const status of END_STATUSES) ended.inc({ status }, 0);
  const duration = new Histogram({
    name: "countersign_order_duration_seconds",
    help: "Time from an order's creation to its first end",
    labelNames: ["status"],
    buckets: LIFE,
    registers,
  });
  const opened = new Counter({
    name: "countersign_approvals_opened_total",
    help: "Approvals whose first people were asked",
    registers,
  });
  const concluded = new Histogram({
    name: "countersign_approval_duration_seconds",
    help: "Time from asking to what an approval came to",
    labelNames: ["status"],
    buckets: LIFE,
    registers,
  });
  return {
    /** Told of each committed transition. */
    order(before: OrderState, after: OrderState, now: Date): void {
      if (before.status === "created" && after.status !== "created") created.inc();
      if (before.status === after.status || !isEnd(after.status)) return;
      const { status } = after;
      ended.inc({ status });
      if (!isEnd(before.status)) duration.observe({ status }, since(after.facts.created_at, now));
    },
    /** `first`: it had taken no message before. */
    approval(before: ApprovalState, after: ApprovalState, now: Date, first: boolean): void {
      if (first) opened.inc();
      const { status } = after;
      if (before.status !== status && status !== "pending")
        concluded.observe({ status }, since(after.created_at, now));
    },
  };
}

const isEnd = (status: string): boolean => END_STATUSES.some((end) => end === status);

const since = (time: string, now: Date): number => Math.max(0, (now.getTime() - Date.parse(time)) / 1000);
