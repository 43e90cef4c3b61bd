import type { OverviewAnswer, SeriesAnswer } from "../contract/answers/overview.ts";
import { ApiKeys } from "./api-keys.ts";
import { Approvals } from "./approvals.ts";
import { Audit } from "./audit.ts";
import { Delegations } from "./delegations.ts";
import { Endpoints } from "./endpoints.ts";
import { OrderEvents } from "./events.ts";
import { Inbox } from "./inbox.ts";
import { Orders } from "./orders.ts";
import { Reconciliations } from "./reconciliations.ts";
import { Transport, type CallOptions, type CountersignOptions } from "./transport.ts";

/**
 * A client of the service, for Node ≥ 20 and browsers. What may be sent again safely is sent again by itself; every call takes an
 * `AbortSignal`; what fails throws a `CountersignError`.
 *
 * @example
 * const countersign = new Countersign({ baseUrl: "http://127.0.0.1:3000", apiKey: "ck_dev" });
 * const order = await countersign.orders.create({ reference: "PO-1001", amount: 1250, currency: "usd" });
 * const result = await countersign.events.wait(order.id, "result");
 */
export class Countersign {
  readonly orders: Orders;
  readonly events: OrderEvents;
  readonly approvals: Approvals;
  readonly delegations: Delegations;
  readonly audit: Audit;
  readonly inbox: Inbox;
  readonly endpoints: Endpoints;
  readonly reconciliations: Reconciliations;
  readonly apiKeys: ApiKeys;
  private readonly transport: Transport;

  constructor(options: CountersignOptions) {
    const transport = new Transport(options);
    this.transport = transport;
    this.orders = new Orders(transport);
    this.audit = new Audit(transport);
    this.events = new OrderEvents(transport, this.audit);
    this.approvals = new Approvals(transport);
    this.delegations = new Delegations(transport);
    this.inbox = new Inbox(transport);
    this.endpoints = new Endpoints(transport);
    this.apiKeys = new ApiKeys(transport);
    this.reconciliations = new Reconciliations(transport);
  }

  /** What is open now: orders, approvals, webhooks in and out, and how the service is. */
  overview(options?: CallOptions): Promise<OverviewAnswer> {
    return this.transport.json({ method: "GET", path: "/v1/overview" }, options);
  }

  /** Rates and latencies of the last hour or day. */
  series(query: { window?: "hour" | "day" } = {}, options?: CallOptions): Promise<SeriesAnswer> {
    return this.transport.json({ method: "GET", path: "/v1/overview/series", query }, options);
  }

  /** Whether the process is alive. */
  health(options?: CallOptions): Promise<{ status: "ok" }> {
    return this.transport.json({ method: "GET", path: "/healthz" }, options);
  }

  /** Whether it can take requests, and if not, why. */
  ready(options?: CallOptions): Promise<{ status: "ready" | "not_ready"; checks: Record<string, unknown> }> {
    return this.transport.json({ method: "GET", path: "/readyz", takes: 503 }, options);
  }
}
