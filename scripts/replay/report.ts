import { isAsExpected, type PlannedOrder } from "./planned.ts";
import type { Copy, Outcome } from "./sending.ts";
import type { ReceivedWebhook } from "./target.ts";

export interface EventReport {
  scenario: string;
  file: string;
  event_id: string;
  type: string;
  order_id: string;
  sends: { copy: Copy; status: number }[];
  /** As the inbox has it: `routed`, `ignored`, `parked`, `quarantined`, `failed`; null when it is not among the newest. */
  state: string | null;
  reason: string | null;
  /** How often it came again, in this replay and before. */
  duplicates: number;
  ok: boolean;
}

export interface OrderReport {
  scenario: string;
  title: string;
  order_id: string;
  status: string;
  amount_captured: number;
  amount_refunded: number;
  entries: number;
  head_hash: string;
  /** Null when nothing was expected. */
  expected: string | null;
  ok: boolean;
}

export interface ReplayReport {
  ok: boolean;
  url: string;
  events: EventReport[];
  orders: OrderReport[];
  counts: {
    sent: number;
    /** Answers by copy and status, such as `original 204`. */
    answers: Record<string, number>;
    /** Events by what the inbox says. */
    states: Record<string, number>;
  };
  took_ms: number;
}

interface Played {
  url: string;
  outcomes: Outcome[];
  orders: PlannedOrder[];
  received: Map<string, ReceivedWebhook>;
  took_ms: number;
}

const WANTED: Record<Copy, number> = { original: 204, duplicate: 204, tampered: 400, stale: 400 };
/** What became of an event that was understood. */
const FINE = ["routed", "ignored"];

export function reportOf({ url, outcomes, orders, received, took_ms }: Played): ReplayReport {
  const events = outcomes.map(({ event, sends }): EventReport => {
    const webhook = received.get(event.event_id);
    const answered = sends.every(({ copy, status }) => status === WANTED[copy]);
    const { scenario, file, event_id, type, order_id } = event;
    return {
      ...{ scenario, file, event_id, type, order_id, sends },
      state: webhook?.state ?? null,
      reason: webhook?.reason ?? null,
      duplicates: webhook?.duplicates ?? 0,
      ok: answered && (webhook === undefined || FINE.includes(webhook.state)),
    };
  });
  const ended = orders.map((planned): OrderReport => {
    const { scenario, title, expected, order } = planned;
    return {
      scenario,
      title,
      order_id: order.id,
      status: order.status,
      amount_captured: order.payment.amount_captured,
      amount_refunded: order.payment.amount_refunded,
      entries: order.audit.entries,
      head_hash: order.audit.head_hash,
      expected: expected?.status ?? null,
      ok: isAsExpected(planned),
    };
  });
  const sends = events.flatMap((event) => event.sends);
  return {
    ok: [...events, ...ended].every(({ ok }) => ok),
    url,
    events: events.sort((a, b) => (a.file < b.file ? -1 : 1)),
    orders: ended,
    counts: {
      sent: sends.length,
      answers: countBy(sends.map(({ copy, status }) => `${copy} ${status}`)),
      states: countBy(events.map(({ state }) => state ?? "not found")),
    },
    took_ms,
  };
}

function countBy(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
