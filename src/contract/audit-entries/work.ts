import { z } from "zod";
import type { EntryTypes } from "./entry-type.ts";
import { amount, person, reason, source, time } from "./fields.ts";

const effect = z.enum([
  "open_payment",
  "confirm_payment",
  "capture",
  "void",
  "expire_session",
  "refund",
  "open_approval",
  "withdraw_approval",
  "amend_approval",
  "alert_operator",
  "erase_rest",
]);

const about = { approval_id: z.string(), to: person };

/** What the service did or could not do by itself, and what it told whom. */
export const WORK_ENTRIES = {
  "effect.retrying": {
    says: "A call failed and is tried again. The 1st, 2nd, 4th, 8th … failure is told.",
    actors: ["system"],
    data: z.object({ effect, key: z.string().optional(), reason, attempts: z.int().min(1), retry_at: time }),
  },
  "effect.failed": {
    says: "A call was refused for good.",
    actors: ["system"],
    data: z.object({ effect, key: z.string().optional(), code: z.string(), reason }),
  },
  "message.ignored": {
    says: "Something was heard or wanted that does not apply any more, and changed nothing.",
    actors: ["api", "operator", "provider"],
    data: z.object({
      message: z.string().meta({ description: "what it was, such as `cancel`" }),
      because: reason,
      payment_id: z.string().optional(),
      session_id: z.string().optional(),
      refund_id: z.string().optional(),
      amount: amount.optional(),
      source: source.optional(),
    }),
  },
  "operator.alerted": {
    says: "Whoever runs the service is told of something that needs a person.",
    actors: ["system"],
    data: z.object({
      alert: z.enum([
        "order_held",
        "capture_failed",
        "captured_outside",
        "authorization_lapsing",
        "second_payment",
        "refund_failed",
        "inquiry_opened",
        "dispute_opened",
        "dispute_lost",
        "void_failed",
      ]),
      about: z.string().meta({ description: "the id of what it is about" }),
      problem: reason,
      until: time.nullable(),
    }),
  },
  "mail.sent": {
    says: "The mail server took a mail.",
    actors: ["system"],
    data: z.object({
      ...about,
      mail: z.enum(["request", "reminder", "escalation", "outcome", "notice"]),
      number: z.int().meta({ description: "of the approval's mails; its link is `link NUMBER`" }),
      attempts: z.int().min(1),
    }),
  },
  "mail.deferred": {
    says: "The mail server did not take a mail yet. The 1st, 2nd, 4th, 8th … failure is told.",
    actors: ["system"],
    data: z.object({ ...about, reason, attempts: z.int().min(1), retry_at: time }),
  },
  "mail.refused": {
    says: "The mail server refused a mail for good.",
    actors: ["system"],
    data: z.object({ ...about, reason }),
  },
  "mail.bounced": {
    says: "A mail came back.",
    actors: ["system"],
    data: z.object({ ...about, number: z.int(), reason }),
  },
  "mail.delayed": {
    says: "A mail server on the way says that a mail is delayed.",
    actors: ["system"],
    data: z.object({ ...about, number: z.int(), reason }),
  },
} satisfies EntryTypes;
