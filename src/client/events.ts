import type { EventAnswer, EventKey, EventValues } from "../contract/answers/orders.ts";
import type { Audit } from "./audit.ts";
import { CountersignError } from "./failure.ts";
import { Resource } from "./resource.ts";
import { at, type CallOptions, type Transport } from "./transport.ts";

/** The events that are set. */
export type Events = Partial<EventValues>;

/** Of `wait`: `timeout_ms` is for all of it, and without one it waits until the event is set. */
export type WaitOptions = CallOptions;

/** One long poll: under what proxies cut off, and the service allows 60 s. */
const POLL_S = 50;
/** Beyond the poll, for the way there and back. */
const ANSWER_MS = 15_000;
/** Whoever waits for days sits out a restart. */
const PATIENCE = 10;

/** The status events of an order: the latest value of each, to look at and to wait for. */
export class OrderEvents extends Resource {
  private readonly audit: Audit;

  constructor(transport: Transport, audit: Audit) {
    super(transport);
    this.audit = audit;
  }

  /** All that are set, at once. */
  all(orderId: string, options?: CallOptions): Promise<Events> {
    return this.transport.json({ method: "GET", path: at`/v1/orders/${orderId}/events` }, options);
  }

  /** One event as it is now; null while it is not set. */
  get<Key extends EventKey>(
    orderId: string,
    key: Key,
    options?: CallOptions,
  ): Promise<EventValues[Key] | null> {
    return this.poll(orderId, key, 0, options);
  }

  /**
   * Waits until an event is set, by as many long polls as it takes.
   * @throws CountersignError `event_not_set` when it is not set within `timeout_ms`
   *
   * @example
   * const result = await countersign.events.wait(order.id, "result", { timeout_ms: 7 * 86_400_000 });
   * console.log(result.status, result.amount_captured);
   */
  async wait<Key extends EventKey>(
    orderId: string,
    key: Key,
    { timeout_ms = Infinity, retries, signal }: WaitOptions = {},
  ): Promise<EventValues[Key]> {
    const deadline = Date.now() + timeout_ms;
    for (;;) {
      const left_s = Math.max(0, (deadline - Date.now()) / 1000);
      const wait_s = Math.min(POLL_S, left_s);
      const value = await this.poll(orderId, key, wait_s, {
        signal,
        timeout_ms: wait_s * 1000 + ANSWER_MS,
        retries: retries ?? (this.transport.retries === 0 ? 0 : PATIENCE),
      });
      if (value !== null) return value;
      if (Date.now() >= deadline)
        throw new CountersignError(`Event ${key} of order ${orderId} was not set within ${timeout_ms} ms.`, {
          code: "event_not_set",
          status: 404,
        });
    }
  }

  /**
   * The events as they are, and again whenever one of them has changed, until the order has a result.
   *
   * @example
   * for await (const { status, progress } of countersign.events.watch(order.id)) console.log(`${progress} % ${status}`);
   */
  async *watch(
    orderId: string,
    options: Pick<CallOptions, "signal"> = {},
  ): AsyncGenerator<Events, void, undefined> {
    let shown = "";
    // Each change of an event is told in the trail, and committed with it.
    for await (const _entry of this.audit.follow(orderId, options)) {
      const events = await this.all(orderId, options);
      const text = JSON.stringify(events);
      if (text !== shown) yield events;
      if (events.result) return;
      shown = text;
    }
  }

  private async poll<Key extends EventKey>(
    orderId: string,
    key: Key,
    timeout: number,
    options?: CallOptions,
  ): Promise<EventValues[Key] | null> {
    const path = at`/v1/orders/${orderId}/events/${key}`;
    try {
      const call = { method: "GET", path, query: { timeout } } as const;
      return (await this.transport.json<EventAnswer<Key>>(call, options)).value;
    } catch (error) {
      if (error instanceof CountersignError && error.code === "event_not_set") return null;
      throw error;
    }
  }
}
