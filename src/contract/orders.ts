import { z } from "zod";
import { ORDER_STATUSES } from "../domain/order.ts";
import { email, line, metadata, text } from "./text.ts";

/** Stripe's limit: eight digits in the minor unit (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
const MOST = 99_999_999;

const DAY_S = 86_400;

export const amount = z
  .int("must be an integer in the currency's minor unit, such as 125000 for 1,250.00 USD")
  .min(1, "must be at least 1")
  .max(MOST, `must be at most ${MOST}`);

/** ISO 4217 codes that the runtime knows, so that a typo is found before money is asked for. */
const CURRENCIES = new Set(Intl.supportedValuesOf("currency").map((code) => code.toLowerCase()));

export const currency = z
  .string()
  .transform((code) => code.toLowerCase())
  .refine((code) => CURRENCIES.has(code), "must be an ISO 4217 code such as usd");

const item = z.strictObject({
  sku: line(200),
  quantity: z
    .int("must be an integer")
    .min(1, "must be at least 1")
    .max(1_000_000, "must be at most 1000000"),
  unit_amount: z
    .int("must be an integer in the currency's minor unit")
    .min(0, "must be at least 0")
    .max(MOST, `must be at most ${MOST}`),
  description: text(500).min(1, "must not be empty").optional(),
});

const expiresIn = z
  .int("must be an integer, in seconds")
  .min(1, "must be at least 1 second")
  .max(30 * DAY_S, "must be at most 30 days, in seconds")
  .default(DAY_S);

const capture = z.enum(["automatic", "manual"], "must be automatic or manual").default("automatic");

const payment = z
  .discriminatedUnion(
    "mode",
    [
      z.strictObject({
        mode: z.literal("checkout"),
        capture,
        expires_in: expiresIn.refine((s) => s <= DAY_S, "a checkout page is open for at most 86400 seconds"),
      }),
      z.strictObject({ mode: z.literal("client"), capture, expires_in: expiresIn }),
      z.strictObject({
        mode: z.literal("confirm"),
        payment_method: line(255),
        capture,
        expires_in: expiresIn,
      }),
    ],
    "mode must be checkout, client or confirm",
  )
  .default({ mode: "checkout", capture: "automatic", expires_in: DAY_S });

/** `POST /v1/orders` */
export const createOrder = z
  .strictObject({
    reference: line(200),
    amount,
    currency,
    description: text(1000).nullish(),
    customer: z.strictObject({ email: email.nullish(), name: line(200).nullish() }).nullish(),
    requested_by: email.nullish(),
    items: z.array(item).max(100, "must have at most 100 items").default([]),
    payment,
    fulfilment: z.enum(["none", "manual"], "must be none or manual").default("none"),
    metadata: metadata.default({}),
  })
  .superRefine((order, ctx) => {
    const total = order.items.reduce((sum, i) => sum + i.quantity * i.unit_amount, 0);
    if (order.items.length > 0 && total !== order.amount)
      ctx.addIssue({
        code: "custom",
        path: ["items"],
        message: `must add up to amount: they make ${total}, amount is ${order.amount}`,
      });
    if (order.fulfilment === "manual" && order.items.length === 0)
      ctx.addIssue({ code: "custom", path: ["items"], message: "must be given when fulfilment is manual" });
  });

export type CreateOrder = z.output<typeof createOrder>;

/** `POST /v1/orders/:id/cancel` */
export const cancelOrder = z.strictObject({
  reason: text(500).min(1, "must not be empty").default("cancelled by request"),
});

/** `POST /v1/orders/:id/erase` */
export const eraseOrder = z.strictObject({ reason: text(500).min(1, "must not be empty") });

/** `POST /v1/orders/:id/refunds` */
export const createRefund = z.strictObject({
  amount: amount.nullish(),
  reason: text(500).min(1, "must not be empty"),
});

/** `POST /v1/orders/:id/messages`: what each topic takes. */
export const MESSAGES = {
  note: z.union([
    text(5000).min(1, "must not be empty"),
    z.strictObject({ text: text(5000).min(1, "must not be empty") }),
  ]),
  cancel: z
    .union([text(500).min(1, "must not be empty"), cancelOrder])
    .default({ reason: "cancelled by request" }),
  fulfilment: z.strictObject({
    sku: line(200),
    quantity: z.int("must be an integer").min(1, "must be at least 1").default(1),
  }),
  payment_method: z.strictObject({ payment_method: line(255) }),
  amend: z
    .strictObject({
      amount: amount.optional(),
      reference: line(200).optional(),
      description: text(1000).nullable().optional(),
      customer: z.strictObject({ email: email.nullish(), name: line(200).nullish() }).optional(),
      items: z.array(item).max(100, "must have at most 100 items").optional(),
    })
    .refine((change) => Object.keys(change).length > 0, "must name at least one field, such as description"),
  capture: z.strictObject({ amount: amount.nullish() }).default({}),
  resolve: z.strictObject({
    action: z.enum(["accept", "give_back"], "must be accept or give_back"),
    reason: text(500).min(1, "must not be empty"),
  }),
};
export type Topic = keyof typeof MESSAGES;

export const sendMessage = z.strictObject({ topic: line(100), message: z.unknown().optional() });

/** `GET /v1/orders` */
export const listOrdersQuery = z.strictObject({
  status: z.enum(ORDER_STATUSES, `must be one of ${ORDER_STATUSES.join(", ")}`).optional(),
  reference: line(200).optional(),
  /** An id, or how the reference or the customer's address or name begins. */
  search: line(200).optional(),
  created_after: z.iso
    .datetime({ offset: true, error: "must be an RFC 3339 time such as 2026-01-31T00:00:00Z" })
    .optional(),
});
