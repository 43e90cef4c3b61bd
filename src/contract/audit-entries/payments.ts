import { z } from "zod";
import type { EntryTypes } from "./entry-type.ts";
import { amount, asked, currency, reason, source, time } from "./fields.ts";

const payment = { payment_id: z.string().nullable(), source };

const seen = (says: string) => ({ says, actors: ["provider" as const], data: z.object(payment) });

const page = (says: string) => ({
  says,
  actors: ["provider" as const],
  data: z.object({ session_id: z.string(), source }),
});

/** The customer's payment, from the page on which it is made to the money. */
export const PAYMENT_ENTRIES = {
  "checkout.opened": page("The provider has a page on which the customer can pay."),
  "checkout.expired": page("The page expired."),
  "payment.created": seen("The provider knows a payment for this order."),
  "payment.requires_action": seen("The customer's bank wants the customer to confirm."),
  "payment.processing": seen("The payment is on its way."),
  "payment.failed": {
    says: "An attempt to pay failed.",
    actors: ["customer"],
    data: z.object({
      ...payment,
      code: z.string().meta({ description: "as the provider names it" }),
      message: reason,
    }),
  },
  "payment.retried": {
    says: "The payment is tried with another method.",
    actors: ["api", "operator"],
    data: z.object(asked),
  },
  "payment.authorized": {
    says: "The money is held on the customer's card.",
    actors: ["provider"],
    data: z.object({ ...payment, amount, currency, capture_before: time.nullable() }),
  },
  "payment.capture_requested": {
    says: "The merchant wants the held money, or a part of it.",
    actors: ["api", "operator"],
    data: z.object({ amount, currency, ...asked }),
  },
  "payment.captured": {
    says: "The money was taken.",
    actors: ["provider"],
    data: z.object({ ...payment, amount, currency }),
  },
  "payment.voided": seen("The held money was released."),
  "payment.refunded": {
    says: "The provider has refunded more than the refunds that we know of.",
    actors: ["provider"],
    data: z.object({ amount_refunded: amount, currency, source }),
  },
  "payment.mismatch": {
    says: "The provider's payment has another amount or currency than the order.",
    actors: ["provider"],
    data: z.object({ ...payment, problem: reason }),
  },
  "payment.late": {
    says: "Money arrived for an order that ends or has ended, and goes back.",
    actors: ["system"],
    data: z.object({ amount, currency, because: reason, refund_id: z.string() }),
  },
} satisfies EntryTypes;
