import type { Scenario } from "./scenario.ts";

type Why = { code: string; text: string } | null;
export type Kind = "capture" | "cancel" | "refund";

export interface Operation {
  id: string;
  payment: string;
  kind: Kind;
  state: "pending" | "done" | "refused";
  /** Minor units, as everywhere in here. */
  amount: number;
  reference: string | null;
  refusal: Why;
}

export interface Chargeback {
  id: string;
  state: "open" | "won" | "lost";
  reason: string;
}

export interface Payment {
  id: string;
  order: string;
  state: "pending" | "authorised" | "paid" | "cancelled" | "declined";
  currency: string;
  total: number;
  held: number;
  captured: number;
  take: "hold" | "now";
  via: "page" | "client" | "server";
  return_url: string;
  hold_until: string | null;
  decline: Why;
  cancelled_because: "requested" | "lapsed" | "unpaid" | null;
  busy: boolean;
  operations: Operation[];
  chargebacks: Chargeback[];
  scenario: Scenario;
  /** How many requests of each kind came. */
  requests: Record<string, number>;
}
