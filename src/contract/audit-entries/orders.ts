import { z } from "zod";
import type { EntryTypes } from "./entry-type.ts";
import { amount, asked, changes, currency, person, reason, time, words } from "./fields.ts";

const ended = (says: string) => ({
  says,
  actors: ["system" as const],
  data: z.object({ reason: reason.optional() }),
});

/** The order itself: accepted, changed, held, ended. */
export const ORDER_ENTRIES = {
  "order.created": {
    says: "The order was accepted.",
    actors: ["api"],
    data: z.object({
      reference: z.string(),
      amount,
      currency,
      payment_mode: z.enum(["checkout", "client", "confirm"]),
      items: z.int().meta({ description: "how many lines it has" }),
      needs_approval: z.boolean(),
      policy_version: z.string().nullable().meta({ description: "of the policy that decided who is asked" }),
      requested_by: person.nullable().optional(),
      idempotency_key: z.string().optional(),
      ...asked,
    }),
  },
  "order.amended": {
    says: "What is ordered was changed before it was captured.",
    actors: ["api", "operator"],
    data: z.object({ changes, ...asked }),
  },
  "order.cancel_requested": {
    says: "Somebody wants the order cancelled.",
    actors: ["api", "operator"],
    data: z.object({ reason: words, ...asked }),
  },
  "order.held": {
    says: "Order and payment do not agree: nothing goes on until somebody decides, or until its time is up.",
    actors: ["system"],
    data: z.object({ reason, until: time }),
  },
  "order.hold_released": {
    says: "Order and payment agree after all, and the order goes on.",
    actors: ["system"],
    data: z.object({}),
  },
  "order.hold_resolved": {
    says: "Somebody decided what becomes of a held order.",
    actors: ["api", "operator"],
    data: z.object({
      action: z.enum(["accept", "give_back"]),
      reason: words,
      problem: reason,
      ...asked,
    }),
  },
  "order.erased": {
    says: "The order's personal data was erased; commitments in its entries stay.",
    actors: ["api", "operator"],
    data: z.object({
      erasure_id: z.string(),
      reason: words,
      found: z.object({
        values: z.int().meta({ description: "personal values beside the trail" }),
        approvals: z.int(),
        answers: z.int().meta({ description: "kept for repeated requests" }),
        messages: z.int(),
        checkpoints: z.int(),
        entries_kept: z.int().meta({
          description: "entries from before values were kept beside the trail; their text stays",
        }),
      }),
      ...asked,
    }),
  },
  "order.erasure_finished": {
    says: "What could not be erased with the decision is erased too.",
    actors: ["system"],
    data: z.object({
      erasure_id: z.string(),
      webhooks: z.int().meta({ description: "received webhooks whose bodies were removed" }),
    }),
  },
  "order.status_changed": {
    says: "An order that had ended is something else now, by a refund or a dispute.",
    actors: ["system"],
    data: z.object({ from: z.string(), to: z.string() }),
  },
  "order.completed": ended("The order came to its good end."),
  "order.rejected": ended("The order ended because it was not approved."),
  "order.cancelled": ended("The order ended because somebody cancelled it, or its payment."),
  "order.expired": ended("The order ended because its time was up."),
  "order.refunded": ended("The order ended with all of its money given back."),
  "order.partially_refunded": ended("The order ended with a part of its money given back."),
  "order.disputed": ended("The order ended in a dispute."),
  "order.failed": ended("The order ended because it could not go on."),
  "fulfilment.item": {
    says: "Something that was ordered was reported as fulfilled.",
    actors: ["api", "operator"],
    data: z.object({
      sku: z.string(),
      quantity: z.int().min(1),
      fulfilled: z.int().min(1).meta({ description: "of this SKU so far" }),
      of: z.int().min(1).meta({ description: "how many were ordered" }),
      ...asked,
    }),
  },
  note: {
    says: "Somebody wrote a note.",
    actors: ["api", "operator"],
    data: z.object({ text: words, ...asked }),
  },
} satisfies EntryTypes;
