import type { Chaos } from "./chaos.ts";
import type { Clock } from "./clock.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Form } from "./form.ts";
import type { Account, State } from "./state.ts";

/** The whole provider, as its endpoints see it. */
export interface World {
  state: State;
  clock: Clock;
  chaos: Chaos;
  deliveries: Deliveries;
  /** Where people's browsers reach the pages, without a slash at the end. */
  url: () => string;
}

/** Who acts, on which account; `request` is empty when the provider acts by itself or a person on a page. */
export interface Actor {
  world: World;
  account: Account;
  request: { id: string | null; idempotency_key: string | null };
  /** The API version that the request asked for. */
  version: string;
}

/** One API request. Endpoints are synchronous, so each is atomic: nothing happens between its first and last line. */
export interface Call extends Actor {
  params: Form;
  /** The key is one that browsers hold. */
  publishable: boolean;
  path: (name: string) => string;
}

/** What an endpoint answers with: something that has a JSON form. */
export type Endpoint = (call: Call) => object;

export const API_VERSION = "2026-10-28.endive";

/** The provider acting by itself on an account. */
export const byItself = (world: World, account: Account): Actor => ({
  world,
  account,
  request: { id: null, idempotency_key: null },
  version: API_VERSION,
});
