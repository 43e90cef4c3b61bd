import type { z } from "zod";
import type {
  DeliveryAnswer,
  EndpointAnswer,
  EndpointWithSecret,
  WholeDelivery,
} from "../contract/answers/webhooks.ts";
import type { EventType } from "../contract/events/catalogue.ts";
import type { List } from "../contract/paging.ts";
import type { changeEndpoint, createEndpoint } from "../contract/webhook-endpoints.ts";
import { everyItem, type Paging } from "./pages.ts";
import { Resource } from "./resource.ts";
import { at, type CallOptions } from "./transport.ts";

export interface DeliveryQuery extends Paging {
  state?: DeliveryAnswer["state"];
  event_type?: string;
}

/** Where events are posted to, and what became of each. `verifyWebhook` is for whoever receives them. */
export class Endpoints extends Resource {
  /**
   * Has events posted to an address. The secret is in this answer alone.
   *
   * @example
   * const { secret } = await countersign.endpoints.create({
   *   url: "https://shop.example.com/countersign",
   *   event_types: ["order.*"],
   * });
   */
  create(endpoint: z.input<typeof createEndpoint>, options?: CallOptions): Promise<EndpointWithSecret> {
    return this.transport.json({ method: "POST", path: "/v1/webhook-endpoints", body: endpoint }, options);
  }

  get(id: string, options?: CallOptions): Promise<EndpointAnswer> {
    return this.transport.json({ method: "GET", path: at`/v1/webhook-endpoints/${id}` }, options);
  }

  /** One page, newest first. */
  list(query: Paging = {}, options?: CallOptions): Promise<List<EndpointAnswer>> {
    return this.transport.json(
      { method: "GET", path: "/v1/webhook-endpoints", query: { ...query } },
      options,
    );
  }

  /** Every endpoint, newest first. */
  all(query: Paging = {}, options?: CallOptions): AsyncGenerator<EndpointAnswer, void, undefined> {
    return everyItem(query, (page) => this.list(page, options));
  }

  /** Changes what is given; what is absent stays. */
  update(id: string, change: z.input<typeof changeEndpoint>, options?: CallOptions): Promise<EndpointAnswer> {
    return this.transport.json(
      { method: "PATCH", path: at`/v1/webhook-endpoints/${id}`, body: change },
      options,
    );
  }

  /** Deletes it and what is on its way to it. */
  delete(id: string, options?: CallOptions): Promise<void> {
    return this.transport.json({ method: "DELETE", path: at`/v1/webhook-endpoints/${id}` }, options);
  }

  /** A new secret; the one so far signs beside it for `expires_in` seconds, by default a day. */
  rotateSecret(
    id: string,
    rotate: { expires_in?: number } = {},
    options?: CallOptions,
  ): Promise<EndpointWithSecret> {
    const path = at`/v1/webhook-endpoints/${id}/rotate-secret`;
    return this.transport.json({ method: "POST", path, body: rotate }, options);
  }

  /** Sends it an event for a test; read the delivery to see what it answered. */
  ping(id: string, options?: CallOptions): Promise<WholeDelivery> {
    return this.transport.json({ method: "POST", path: at`/v1/webhook-endpoints/${id}/ping` }, options);
  }

  /** A page of what was and is on its way to it, newest first. */
  deliveries(id: string, query: DeliveryQuery = {}, options?: CallOptions): Promise<List<DeliveryAnswer>> {
    const path = at`/v1/webhook-endpoints/${id}/deliveries`;
    return this.transport.json({ method: "GET", path, query: { ...query } }, options);
  }

  /** With its payload and each try. */
  delivery(id: string, delivery: string, options?: CallOptions): Promise<WholeDelivery> {
    const path = at`/v1/webhook-endpoints/${id}/deliveries/${delivery}`;
    return this.transport.json({ method: "GET", path }, options);
  }

  /** Delivers it again now, whatever became of it. */
  retry(id: string, delivery: string, options?: CallOptions): Promise<WholeDelivery> {
    const path = at`/v1/webhook-endpoints/${id}/deliveries/${delivery}/retry`;
    return this.transport.json({ method: "POST", path }, options);
  }

  /** Every type of event, each with the JSON schema of its bodies. */
  eventTypes(options?: CallOptions): Promise<List<EventType>> {
    return this.transport.json({ method: "GET", path: "/v1/event-types" }, options);
  }
}
