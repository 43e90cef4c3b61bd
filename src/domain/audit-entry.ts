/** Who did it. `id` is an API key's user, an approver's address, a provider's name, or a part of the service. */
export interface Actor {
  type: "api" | "customer" | "approver" | "provider" | "system" | "operator";
  id: string;
  /** How it reached us, such as `request req_…` or `link 3`; in the entry it is `data.source`. */
  source?: string;
}

/** One entry of an order's trail, as published. `hash` covers everything else in it. */
export interface AuditEntry {
  seq: number;
  id: string;
  order_id: string;
  at: string;
  type: string;
  actor: Pick<Actor, "type" | "id">;
  data: Record<string, unknown>;
  prev_hash: string;
  hash: string;
}

/** What a decision says happened, before it has a place in the chain. */
export type AuditDraft = Pick<AuditEntry, "type" | "data"> & { actor: Actor };
