/** Somebody whom we call: whether the calls have worked lately, and if not, why. */
interface CalledAnswer {
  ok: boolean;
  reason: string | null;
}

/** `GET /v1/overview`: what is open now. Counts end at 10,000 and are some seconds old at most; times are those of the oldest. */
export interface OverviewAnswer {
  object: "overview";
  at: string;
  /** Of orders that have not ended. */
  orders: { by_status: Record<string, number> };
  approvals: { open: number; oldest_open_at: string | null };
  /** Received webhooks that wait or need somebody; those of no order are counted for admins. */
  inbox: { by_state: Record<string, number>; oldest_parked_at: string | null };
  /** `failing`: endpoints at which no try has worked lately. */
  deliveries: { pending: number; failing: number; oldest_pending_at: string | null };
  mail: CalledAnswer;
  provider: CalledAnswer & { name: string };
  database: { version: string; connections: number; most_connections: number; size_bytes: number };
  processes: { id: string; started_at: string; alive: boolean }[];
}

/** One step of the time; a number is null where there was too much to count, and a latency where nothing happened. */
export interface SeriesPoint {
  /** When the step begins. */
  at: string;
  orders_created: number | null;
  orders_ended: number | null;
  webhooks_received: number | null;
  payments_captured: number | null;
  approvals_decided: number | null;
  /** From a webhook's arrival to the order's transition that it caused. */
  webhook_to_status_ms_p50: number | null;
  webhook_to_status_ms_p95: number | null;
}

/** `GET /v1/overview/series`, oldest first; the last step is not over yet. */
export interface SeriesAnswer {
  object: "series";
  window: "hour" | "day";
  step_s: number;
  data: SeriesPoint[];
}
