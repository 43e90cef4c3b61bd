import { z } from "zod";
import type { EntryTypes } from "./entry-type.ts";
import { amount, asked, currency, reason, source, words } from "./fields.ts";

const refund = (says: string) => ({
  says,
  actors: ["provider" as const],
  data: z.object({
    refund_id: z.string(),
    provider_id: z.string().nullable(),
    amount,
    currency,
    failure: z.string().nullable(),
    source,
  }),
});

const dispute = (says: string) => ({
  says,
  actors: ["provider" as const],
  data: z.object({
    dispute_id: z.string(),
    status: z.string().meta({ description: "as the provider names it" }),
    reason,
    amount,
    currency,
    source,
  }),
});

/** Money on its way back. */
export const REFUND_ENTRIES = {
  "refund.requested": {
    says: "Somebody asked for a refund.",
    actors: ["api", "operator"],
    data: z.object({
      refund_id: z.string(),
      amount,
      currency,
      reason: words,
      needs_approval: z.boolean(),
      ...asked,
    }),
  },
  "refund.rejected": {
    says: "The refund is not made: it was not approved.",
    actors: ["system"],
    data: z.object({ refund_id: z.string(), because: reason }),
  },
  "refund.pending": refund("The refund is on its way."),
  "refund.requires_action": refund("The refund waits for the customer."),
  "refund.succeeded": refund("The money is back with the customer."),
  "refund.failed": refund("The refund failed, and the money is with the merchant."),
  "refund.canceled": refund("The refund was cancelled at the provider."),
  "dispute.opened": dispute("The customer disputes the payment, or their bank asks about it."),
  "dispute.updated": dispute("The dispute is in another state."),
  "dispute.funds_withdrawn": dispute("The provider took the disputed money."),
  "dispute.funds_reinstated": dispute("The disputed money came back."),
  "dispute.closed": dispute("The dispute is decided."),
} satisfies EntryTypes;
