import type { z } from "zod";
import type { ApiKeyAnswer, ApiKeyWithKey } from "../contract/answers/api-keys.ts";
import type { createApiKey } from "../contract/api-keys.ts";
import type { List } from "../contract/paging.ts";
import { everyItem, type Paging } from "./pages.ts";
import { Resource } from "./resource.ts";
import { at, type CallOptions } from "./transport.ts";

/** API keys that are made, changed and revoked while the service runs. Role admin. */
export class ApiKeys extends Resource {
  /** Makes one; the key itself is in this answer alone. */
  create(key: z.input<typeof createApiKey>, options?: CallOptions): Promise<ApiKeyWithKey> {
    return this.transport.json({ method: "POST", path: "/v1/api-keys", body: key }, options);
  }

  /** One page, newest first. */
  list(query: Paging = {}, options?: CallOptions): Promise<List<ApiKeyAnswer>> {
    return this.transport.json({ method: "GET", path: "/v1/api-keys", query: { ...query } }, options);
  }

  /** Every key, newest first, over all pages. */
  all(query: Paging = {}, options?: CallOptions): AsyncGenerator<ApiKeyAnswer, void, undefined> {
    return everyItem(query, (page) => this.list(page, options));
  }

  /** Gives it another value; the former one is good for `grace_s` seconds more, by default a day. */
  rotate(id: string, rotate: { grace_s?: number } = {}, options?: CallOptions): Promise<ApiKeyWithKey> {
    return this.transport.json(
      { method: "POST", path: at`/v1/api-keys/${id}/rotate`, body: rotate },
      options,
    );
  }

  /** Revokes it: every process refuses it within two seconds. */
  revoke(id: string, options?: CallOptions): Promise<void> {
    return this.transport.json({ method: "DELETE", path: at`/v1/api-keys/${id}` }, options);
  }
}
