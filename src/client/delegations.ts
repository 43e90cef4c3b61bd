import type { z } from "zod";
import type { DelegationAnswer } from "../contract/answers/approvals.ts";
import type { createDelegation } from "../contract/delegations.ts";
import type { List } from "../contract/paging.ts";
import { everyItem, type Paging } from "./pages.ts";
import { Resource } from "./resource.ts";
import { at, newKey, type CallOptions, type MakeOptions } from "./transport.ts";

export type NewDelegation = z.input<typeof createDelegation>;

export interface DelegationQuery extends Paging {
  /** Those that are over too. */
  ended?: boolean;
}

/** Who decides while somebody is away. */
export class Delegations extends Resource {
  /**
   * Says who decides while somebody is away; open approvals ask them as soon as it begins.
   *
   * @example
   * await countersign.delegations.create({
   *   from: "cfo@example.com",
   *   to: "controller@example.com",
   *   starts_at: "2030-08-01T00:00:00Z",
   *   ends_at: "2030-08-15T00:00:00Z",
   * });
   */
  create(
    delegation: NewDelegation,
    { idempotencyKey = newKey(), ...options }: MakeOptions = {},
  ): Promise<DelegationAnswer> {
    const call = { method: "POST", path: "/v1/delegations", body: delegation, idempotencyKey } as const;
    return this.transport.json(call, options);
  }

  get(id: string, options?: CallOptions): Promise<DelegationAnswer> {
    return this.transport.json({ method: "GET", path: at`/v1/delegations/${id}` }, options);
  }

  /** One page, newest first. */
  list(query: DelegationQuery = {}, options?: CallOptions): Promise<List<DelegationAnswer>> {
    return this.transport.json({ method: "GET", path: "/v1/delegations", query: { ...query } }, options);
  }

  /** Every delegation that matches, newest first, over all pages. */
  all(query: DelegationQuery = {}, options?: CallOptions): AsyncGenerator<DelegationAnswer, void, undefined> {
    return everyItem(query, (page) => this.list(page, options));
  }

  /** Takes it back; open approvals ask `from` again at once. */
  delete(id: string, options?: CallOptions): Promise<void> {
    return this.transport.json({ method: "DELETE", path: at`/v1/delegations/${id}` }, options);
  }
}
