import type {
  AuditEntry,
  AuditKeys,
  EntryPage,
  EntryTypes,
  InclusionProof,
  SignedCheckpoint,
  TrailVerdict,
} from "../contract/answers/audit.ts";
import type { List } from "../contract/paging.ts";
import { everyItem, type Paging } from "./pages.ts";
import { Resource } from "./resource.ts";
import { followTrail, viewQuery, type EntryView, type FollowOptions } from "./trail.ts";
import { at, type CallOptions } from "./transport.ts";

interface EntryFilter extends Paging {
  /** A type of entry, such as `payment.captured`; `entryTypes` lists them. */
  type?: string;
  /** An actor's id. */
  actor?: string;
  /** How personal values are shown; `sealed`, the default, is what hashes cover. */
  view?: EntryView;
}

export interface TrailQuery extends EntryFilter {
  /** Entries after this one. */
  after_seq?: number;
}

export interface SearchQuery extends EntryFilter {
  order_id?: string;
  /** Of the order. */
  reference?: string;
  /** RFC 3339; `from` is included and `to` is not. */
  from?: string;
  to?: string;
}

const queryOf = ({ view, ...query }: EntryFilter) => ({ ...query, ...viewQuery(view) });

/** The audit trail: of one order, live or as a list, and of all orders; and what proves it. */
export class Audit extends Resource {
  /** A page of an order's trail, oldest first. */
  list(orderId: string, query: TrailQuery = {}, options?: CallOptions): Promise<EntryPage> {
    const path = at`/v1/orders/${orderId}/audit`;
    return this.transport.json({ method: "GET", path, query: queryOf(query) }, options);
  }

  /** An order's trail as it is now, oldest first, over all pages. */
  all(
    orderId: string,
    { after_seq, ...query }: TrailQuery = {},
    options?: CallOptions,
  ): AsyncGenerator<AuditEntry, void, undefined> {
    // A trail's cursor is the seq of the last entry.
    const first = after_seq === undefined ? query : { ...query, cursor: String(after_seq) };
    return everyItem(first, (page) => this.list(orderId, page, options));
  }

  /**
   * An order's trail live: each entry once and in order, over lost connections, until the trail is closed. Keep the `seq` of the last
   * one that you have dealt with, and go on after it when your process comes back.
   *
   * @example
   * for await (const entry of countersign.audit.follow(order.id, { view: "readable" }))
   *   console.log(entry.seq, entry.at, entry.type, entry.actor.id);
   */
  follow(orderId: string, options: FollowOptions = {}): AsyncGenerator<AuditEntry, void, undefined> {
    return followTrail(this.transport, at`/v1/orders/${orderId}/audit/stream`, options);
  }

  /** Has the service look at what it stores. To trust nobody, `export` the trail and verify the file. */
  verify(orderId: string, options?: CallOptions): Promise<TrailVerdict> {
    return this.transport.json({ method: "GET", path: at`/v1/orders/${orderId}/audit/verify` }, options);
  }

  /** A page of the trails of all orders, newest first. */
  search(query: SearchQuery = {}, options?: CallOptions): Promise<EntryPage> {
    return this.transport.json({ method: "GET", path: "/v1/audit", query: queryOf(query) }, options);
  }

  /** The trails of all orders, newest first, over all pages. */
  searchAll(query: SearchQuery = {}, options?: CallOptions): AsyncGenerator<AuditEntry, void, undefined> {
    return everyItem(query, (page) => this.search(page, options));
  }

  /** An order's whole trail as a file, or without an order all trails, as it is sent; `timeout_ms` holds until it begins. */
  async export(
    {
      order_id,
      format = "ndjson",
      view,
    }: { order_id?: string; format?: "ndjson" | "csv" | "json"; view?: EntryView },
    options?: CallOptions,
  ): Promise<ReadableStream<Uint8Array>> {
    const path = order_id === undefined ? "/v1/audit" : at`/v1/orders/${order_id}/audit`;
    const query = { format, ...viewQuery(view) };
    const { body } = await this.transport.open({ method: "GET", path, query, accept: "*/*" }, options);
    return body ?? new ReadableStream({ start: (stream) => stream.close() });
  }

  /** The catalogue of what an entry can be, each type with a JSON Schema of its data. */
  entryTypes(options?: CallOptions): Promise<EntryTypes> {
    return this.transport.json({ method: "GET", path: "/v1/audit/entry-types" }, options);
  }

  /** That a checkpoint states the order's trail: the newest, or the newest at or before `checkpoint`. */
  proof(
    orderId: string,
    query: { checkpoint?: number } = {},
    options?: CallOptions,
  ): Promise<InclusionProof> {
    return this.transport.json(
      { method: "GET", path: at`/v1/orders/${orderId}/audit/proof`, query },
      options,
    );
  }

  /** Makes a checkpoint now. Role admin. */
  makeCheckpoint(
    make: { sweep?: boolean; accept_new_key?: boolean } = {},
    options?: CallOptions,
  ): Promise<SignedCheckpoint> {
    return this.transport.json({ method: "POST", path: "/v1/audit/checkpoints", body: make }, options);
  }

  /** A page of checkpoints, newest first. */
  checkpoints(query: Paging = {}, options?: CallOptions): Promise<List<SignedCheckpoint>> {
    return this.transport.json(
      { method: "GET", path: "/v1/audit/checkpoints", query: { ...query } },
      options,
    );
  }

  checkpoint(number: number, options?: CallOptions): Promise<SignedCheckpoint> {
    return this.transport.json({ method: "GET", path: at`/v1/audit/checkpoints/${number}` }, options);
  }

  /** The public keys that checkpoints are signed with. */
  keys(options?: CallOptions): Promise<AuditKeys> {
    return this.transport.json({ method: "GET", path: "/.well-known/countersign-audit.json" }, options);
  }
}
