import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Decision } from "./fixtures.ts";

/** The running service that replay plays at, over HTTP. */
export interface Target {
  /** Creates the order, or finds the one that this key created before. */
  create(order: object, idempotencyKey: string): Promise<TargetOrder>;
  order(id: string): Promise<TargetOrder>;
  /** Decides an approval in the name of the key's user. */
  decide(approvalId: string, decision: Decision): Promise<void>;
  /** Received webhooks by event id; those that are not among the newest some thousand are missing. */
  inbox(eventIds: ReadonlySet<string>): Promise<Map<string, ReceivedWebhook>>;
  /** Sends a webhook; the status of the answer. */
  deliver(body: Uint8Array, headers: Record<string, string>): Promise<number>;
}

const orderShape = z.looseObject({
  id: z.string(),
  status: z.string(),
  payment: z.looseObject({
    id: z.string().nullable(),
    session_id: z.string().nullable(),
    amount_captured: z.int(),
    amount_refunded: z.int(),
  }),
  approval: z.looseObject({ id: z.string(), status: z.string() }).nullish(),
  audit: z.looseObject({ entries: z.int(), head_hash: z.string() }),
  created_at: z.string(),
});
export type TargetOrder = z.output<typeof orderShape>;

const receivedShape = z.looseObject({
  event_id: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  order_id: z.string().nullable(),
  duplicates: z.int(),
});
export type ReceivedWebhook = z.output<typeof receivedShape>;

const pageShape = z.looseObject({
  data: z.array(receivedShape),
  has_more: z.boolean(),
  next_cursor: z.string().nullish(),
});

/** The service is away, or refuses what replay asks. */
export class TargetError extends Error {
  override readonly name = "TargetError";
}

const ATTEMPTS = 8;
const LONGEST_PAUSE_S = 30;
const MOST_PAGES = 50;

export function createTarget({ url, key }: { url: string; key: string }): Target {
  const base = url.replace(/\/+$/, "");

  /** Answers that ask for patience (429, 503) are waited for as long as they say. */
  async function send(path: string, init: RequestInit): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(base + path, init).catch((cause: unknown) => {
        throw new TargetError(
          `${base} does not answer; start the service with npm start, or name it with --url`,
          {
            cause,
          },
        );
      });
      if ((response.status !== 429 && response.status !== 503) || attempt === ATTEMPTS) return response;
      await response.arrayBuffer();
      await sleep(1000 * Math.min(pauseOf(response), LONGEST_PAUSE_S));
    }
  }

  async function api<T>(
    shape: z.ZodType<T>,
    method: string,
    path: string,
    init: RequestInit = {},
  ): Promise<T> {
    const headers = {
      authorization: `Bearer ${key}`,
      ...(init.headers as Record<string, string> | undefined),
    };
    const response = await send(path, { ...init, method, headers });
    const text = await response.text();
    if (!response.ok)
      throw new TargetError(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
    return shape.parse(JSON.parse(text));
  }

  return {
    async create(order, idempotencyKey) {
      const headers = { "content-type": "application/json", "idempotency-key": idempotencyKey };
      return api(orderShape, "POST", "/v1/orders", { body: JSON.stringify(order), headers });
    },
    order: (id) => api(orderShape, "GET", `/v1/orders/${encodeURIComponent(id)}`),
    async decide(approvalId, decision) {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ decision, comment: "replayed" });
      await api(z.unknown(), "POST", `/v1/approvals/${approvalId}/decisions`, { body, headers });
    },
    async inbox(eventIds) {
      const found = new Map<string, ReceivedWebhook>();
      let cursor = "";
      for (let page = 0; page < MOST_PAGES && found.size < eventIds.size; page++) {
        const { data, has_more, next_cursor } = await api(
          pageShape,
          "GET",
          `/v1/webhooks/inbox?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        for (const received of data)
          if (eventIds.has(received.event_id)) found.set(received.event_id, received);
        if (!has_more || !next_cursor) break;
        cursor = next_cursor;
      }
      return found;
    },
    async deliver(body, headers) {
      const response = await send("/webhooks/stripe", { method: "POST", headers, body });
      await response.arrayBuffer();
      return response.status;
    },
  };
}

function pauseOf(response: Response): number {
  const seconds = Number(response.headers.get("retry-after") ?? "1");
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 1;
}
