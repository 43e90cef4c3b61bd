import type { z } from "zod";
import type { InboundAnswer, ReplayAnswer, WholeInbound } from "../contract/answers/webhooks.ts";
import type { listInboxQuery, replayInbox } from "../contract/inbox.ts";
import type { List } from "../contract/paging.ts";
import { everyItem, type Paging } from "./pages.ts";
import { Resource } from "./resource.ts";
import { at, type CallOptions } from "./transport.ts";

export type InboxQuery = z.input<typeof listInboxQuery> & Paging;

/** Webhooks that were received from payment providers. */
export class Inbox extends Resource {
  /** One page, newest first. */
  list(query: InboxQuery = {}, options?: CallOptions): Promise<List<InboundAnswer>> {
    return this.transport.json({ method: "GET", path: "/v1/webhooks/inbox", query: { ...query } }, options);
  }

  /**
   * Every received webhook that matches, newest first, over all pages.
   *
   * @example
   * for await (const webhook of countersign.inbox.all({ state: "quarantined" })) console.log(webhook.type, webhook.reason);
   */
  all(query: InboxQuery = {}, options?: CallOptions): AsyncGenerator<InboundAnswer, void, undefined> {
    return everyItem(query, (page) => this.list(page, options));
  }

  /** With headers and body, and what it did; `raw` adds the bytes as they came. */
  get(id: string, query: { raw?: boolean } = {}, options?: CallOptions): Promise<WholeInbound> {
    return this.transport.json({ method: "GET", path: at`/v1/webhooks/inbox/${id}`, query }, options);
  }

  /** Takes it in once more; an order that knows it already stays what it is. */
  replay(id: string, options?: CallOptions): Promise<InboundAnswer> {
    return this.transport.json({ method: "POST", path: at`/v1/webhooks/inbox/${id}/replay` }, options);
  }

  /** Replays at most 500 that match; `next_cursor` goes into the next call's `cursor` until it is null. */
  replayAll(replay: z.input<typeof replayInbox>, options?: CallOptions): Promise<ReplayAnswer> {
    return this.transport.json({ method: "POST", path: "/v1/webhooks/inbox/replay", body: replay }, options);
  }
}
