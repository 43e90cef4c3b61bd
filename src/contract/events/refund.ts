import { z } from "zod";
import { about, amount, currency, eventOf, typeOf } from "./envelope.ts";

export const REFUND_EVENTS = {
  "refund.created": "It was asked for, or became known from the provider.",
  "refund.requested": "Its approval was given, and the provider is asked for it.",
  "refund.pending": "The provider has accepted it.",
  "refund.requires_action": "The provider needs something from the customer.",
  "refund.succeeded": "The money is on its way back.",
  "refund.failed": "It failed, and the money is still yours.",
  "refund.canceled": "The provider cancelled it.",
  "refund.rejected": "Its approval was refused.",
};

export const refundEvent = eventOf(
  typeOf(REFUND_EVENTS),
  z.object({
    ...about("refund", "rfd"),
    order_id: z.string(),
    status: z.enum([
      "awaiting_approval",
      "requested",
      "pending",
      "requires_action",
      "succeeded",
      "failed",
      "canceled",
      "rejected",
    ]),
    amount,
    currency,
    approval_id: z.string().nullable(),
  }),
);
