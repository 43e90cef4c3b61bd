import { z } from "zod";
import { amount, currency } from "./orders.ts";
import { email, line, metadata, text } from "./text.ts";

const DAY_S = 86_400;

const gate = z
  .strictObject({
    name: line(100).default("approval"),
    approvers: z.array(email).min(1, "must name at least one person").max(50, "must name at most 50 people"),
    need: z.int("must be an integer").min(1, "must be at least 1").default(1),
    confirm_amount: z.boolean("must be true or false").default(false),
  })
  .refine((g) => g.need <= g.approvers.length, {
    path: ["need"],
    message: "must be at most the number of approvers",
  });

/** `POST /v1/approvals` */
export const createApproval = z
  .strictObject({
    title: line(200),
    description: text(5000).nullish(),
    reason: text(500).nullish(),
    amount: amount.nullish(),
    currency: currency.nullish(),
    customer: line(200).nullish(),
    requested_by: email.nullish(),
    metadata: metadata.default({}),
    order_id: line(64).nullish(),
    ask: line(100).nullish(),
    gates: z
      .array(gate)
      .min(1, "must have at least one gate")
      .max(10, "must have at most 10 gates")
      .nullish(),
    expires_in: z
      .int("must be an integer, in seconds")
      .min(60, "must be at least 60 seconds")
      .max(90 * DAY_S, "must be at most 90 days, in seconds")
      .nullish(),
    callback: z
      .strictObject({
        url: line(2000),
        secret: z
          .string()
          .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, "must be whsec_ and 24 to 64 bytes in base64")
          .optional(),
      })
      .nullish(),
  })
  .superRefine((request, ctx) => {
    const [amount, currency] = [request.amount ?? null, request.currency ?? null];
    if ((amount === null) !== (currency === null))
      ctx.addIssue({
        code: "custom",
        path: [amount === null ? "amount" : "currency"],
        message: "amount and currency go together",
      });
    if (request.gates && request.ask)
      ctx.addIssue({ code: "custom", path: ["ask"], message: "must be left out when gates name the people" });
  });

export type CreateApproval = z.output<typeof createApproval>;
