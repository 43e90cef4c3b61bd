import type { Difference } from "../../domain/reconciliation.ts";

/** A comparison of orders with the provider. */
export interface ReconciliationAnswer {
  id: string;
  object: "reconciliation";
  status: "running" | "finished" | "failed";
  /** An API user, or `night YYYY-MM-DD`. */
  started_by: string;
  since: string;
  checked: number;
  differences: (Difference & {
    order_id: string;
    reference: string;
    currency: string;
    /** The order was told, and agrees with the provider now. */
    repaired: boolean;
  })[];
  failure: string | null;
  started_at: string;
  finished_at: string | null;
}
