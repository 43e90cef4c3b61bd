import type { Chaos } from "./chaos.ts";
import type { Clock } from "./clock.ts";
import { pendingOf } from "./delivery-status.ts";
import { signedBy } from "./endpoint-secrets.ts";
import { eventBody } from "./events.ts";
import type { Delivery, EventRecord } from "./objects.ts";
import { randomId } from "./random-id.ts";
import type { Account, State } from "./state.ts";
import { WebhookPost } from "./webhook-post.ts";

const IN_FLIGHT = 32;
/** How long an endpoint may take to answer, in milliseconds. */
export const DELIVERY_TIMEOUT_MS = 20_000;
const LIFETIME_MS = 3 * 24 * 3_600_000;
/** Pauses before the second, third, … try, in seconds; the last one repeats until the delivery is three days old. */
const PAUSES_S = [2, 8, 30, 120, 600, 3_600, 2 * 3_600, 6 * 3_600];

interface Lane {
  waiting: { account: Account; id: string; copies: number; stale: boolean }[];
  running: number;
}

/**
 * Brings events to webhook endpoints, https://docs.stripe.com/webhooks#behaviors: anything but 2xx within 20 seconds
 * (a redirect too) is tried again with growing, jittered pauses for three days, with a new timestamp and signature each
 * time. One endpoint's trouble never delays another's. What is undelivered survives a restart.
 */
export class Deliveries {
  readonly #state: State;
  readonly #chaos: Chaos;
  readonly #clock: Clock;
  readonly #post: WebhookPost;
  readonly #lanes = new Map<string, Lane>();
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; go: () => void; at: number }>();
  #stopped = false;

  constructor(state: State, chaos: Chaos, clock: Clock, timeoutMs = DELIVERY_TIMEOUT_MS) {
    this.#post = new WebhookPost(timeoutMs, IN_FLIGHT);
    this.#state = state;
    this.#chaos = chaos;
    this.#clock = clock;
    clock.onMove(() => {
      for (const [key, { timer, go, at }] of this.#timers) {
        if (at > this.#clock.ms()) continue;
        clearTimeout(timer);
        this.#timers.delete(key);
        go();
      }
    });
  }

  /** Takes up what an earlier process left undelivered. */
  resume(): void {
    for (const account of this.#state.accounts.values()) {
      for (const delivery of account.of.deliveries.oldest()) {
        if (delivery.state === "waiting") this.#at(account, delivery, 1, false);
      }
    }
  }

  /** Sends the event to the endpoint: the first try leaves as soon as the current request is committed. */
  send(account: Account, event: EventRecord, endpoint: string, fresh: boolean): Delivery {
    const now = this.#clock.ms();
    const fate = fresh ? this.#chaos.delivery() : { copies: 1, delay_ms: 0, drop: false, stale: false };
    const delivery = account.of.deliveries.put({
      id: randomId("del_"),
      event: event.id,
      endpoint,
      state: fate.drop ? "dropped" : "waiting",
      attempts: 0,
      created_ms: now,
      next_at: now + fate.delay_ms,
      last: null,
    });
    if (!fate.drop) this.#at(account, delivery, fate.copies, fate.stale);
    return delivery;
  }

  /** Ends open connections; what is in flight is tried again by the next process. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#post.stop();
  }

  #at(account: Account, delivery: Delivery, copies: number, stale: boolean): void {
    const go = () => {
      const lane = this.#lanes.get(delivery.endpoint) ?? { waiting: [], running: 0 };
      this.#lanes.set(delivery.endpoint, lane);
      for (let copy = 0; copy < copies; copy += 1)
        lane.waiting.push({ account, id: delivery.id, copies, stale });
      setImmediate(() => {
        this.#pump(lane);
      });
    };
    const wait = delivery.next_at - this.#clock.ms();
    if (wait <= 0) {
      go();
      return;
    }
    // Two copies that both fail are one delivery, and are tried again as one.
    clearTimeout(this.#timers.get(delivery.id)?.timer);
    const timer = setTimeout(
      () => {
        this.#timers.delete(delivery.id);
        if (delivery.next_at > this.#clock.ms()) this.#at(account, delivery, copies, stale);
        else go();
      },
      Math.min(wait, 2_000_000_000),
    );
    timer.unref();
    this.#timers.set(delivery.id, { timer, go, at: delivery.next_at });
  }

  #pump(lane: Lane): void {
    while (!this.#stopped && lane.running < IN_FLIGHT) {
      const next = lane.waiting.shift();
      if (!next) return;
      lane.running += 1;
      void this.#try(next.account, next.id, next.stale).finally(() => {
        lane.running -= 1;
        this.#pump(lane);
      });
    }
  }

  async #try(account: Account, id: string, stale: boolean): Promise<void> {
    const delivery = account.of.deliveries.get(id);
    const event = account.of.events.get(delivery?.event);
    const endpoint = account.of.endpoints.get(delivery?.endpoint);
    const note = account.of.endpoint_notes.get(delivery?.endpoint);
    if (!delivery || !event || !endpoint || !note || endpoint.status !== "enabled") {
      if (delivery?.state === "waiting") {
        delivery.state = "failed";
        account.of.deliveries.put(delivery);
        this.#state.commitSoon();
      }
      return;
    }
    if (delivery.state !== "waiting" && delivery.state !== "delivered") return;
    const started = Date.now();
    const body = eventBody(event, pendingOf(account, event.id), endpoint.api_version);
    const signedAt = Math.floor(started / 1000) - (stale && delivery.attempts === 0 ? 3_600 : 0);
    const outcome = await this.#post.send(
      endpoint.url,
      body,
      signedBy(note, body, signedAt, this.#clock.ms()),
    );
    if (this.#stopped) return;
    delivery.attempts += 1;
    delivery.last = { at: this.#clock.ms(), ...outcome, took_ms: Date.now() - started };
    const delivered = outcome.status !== null && outcome.status >= 200 && outcome.status < 300;
    if (delivered) {
      if (delivery.state === "waiting") delivery.state = "delivered";
      failing(account, delivery.endpoint, null);
    } else if (delivery.state === "waiting") {
      this.#again(account, delivery);
    }
    account.of.deliveries.put(delivery);
    this.#state.commitSoon();
  }

  #again(account: Account, delivery: Delivery): void {
    const now = this.#clock.ms();
    const failingSince = failing(account, delivery.endpoint, now);
    if (now - delivery.created_ms >= LIFETIME_MS) {
      delivery.state = "failed";
      const endpoint = account.of.endpoints.get(delivery.endpoint);
      // An endpoint that has taken nothing for as long as a delivery lives is given up, as Stripe does.
      if (endpoint && now - failingSince >= LIFETIME_MS)
        account.of.endpoints.put({ ...endpoint, status: "disabled" });
      return;
    }
    const pause = PAUSES_S[Math.min(delivery.attempts, PAUSES_S.length) - 1] ?? 2;
    delivery.next_at = now + pause * 1000 * (0.75 + Math.random() * 0.5);
    this.#at(account, delivery, 1, false);
  }
}

/** Notes since when the endpoint has taken nothing (null: it just did), keeping the earliest time; gives that time. */
function failing(account: Account, endpoint: string, now: number | null): number {
  const note = account.of.endpoint_notes.get(endpoint);
  const since = now === null ? null : (note?.failing_since ?? now);
  if (note && note.failing_since !== since) account.of.endpoint_notes.put({ ...note, failing_since: since });
  return since ?? Infinity;
}
