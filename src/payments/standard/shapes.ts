import { z } from "zod";
import { minorUnits } from "./amount.ts";

// What the provider's API and its webhooks carry. docs/providers.md describes it.

const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, "must be a currency such as USD")
  .transform((code) => code.toLowerCase());

const decimal = z.string();

/** An amount that names its currency, as minor units. */
export const moneyShape = z.strictObject({ value: decimal, currency }).transform((money, ctx) => ({
  amount: exact(money.value, money.currency, ctx),
  currency: money.currency,
}));

function exact(value: string, currency: string, ctx: z.RefinementCtx): number {
  try {
    return minorUnits(value, currency);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    ctx.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
}

const why = z.looseObject({ code: z.string(), text: z.string() });

/** Something that the provider does in its own time, such as a capture. */
export const operationShape = z.looseObject({
  id: z.string(),
  payment: z.string(),
  order: z.string().nullable(),
  kind: z.enum(["capture", "cancel", "refund"]),
  state: z.enum(["pending", "done", "refused"]),
  amount: moneyShape,
  /** Ours, of a refund that we asked for. */
  reference: z.string().nullable(),
  refusal: why.nullable(),
});

export const chargebackShape = z.looseObject({
  id: z.string(),
  payment: z.string(),
  order: z.string().nullable(),
  state: z.enum(["open", "won", "lost"]),
  amount: moneyShape,
  fee: moneyShape,
  reason: z.string(),
});

export const paymentShape = z
  .looseObject({
    id: z.string(),
    order: z.string().nullable(),
    state: z.enum(["pending", "authorised", "paid", "cancelled", "declined"]),
    total: moneyShape,
    /** In the total's currency. */
    held: decimal,
    captured: decimal,
    fee: decimal.nullable(),
    hold_until: z.iso.datetime({ offset: true }).nullable(),
    pay_url: z.string().nullable(),
    client_token: z.string().nullable(),
    decline: why.nullable(),
    cancelled_because: z.enum(["requested", "lapsed", "unpaid"]).nullable(),
    refunds: z.array(operationShape),
    chargebacks: z.array(chargebackShape),
  })
  .transform((payment, ctx) => {
    const minor = (value: string) => exact(value, payment.total.currency, ctx);
    return {
      ...payment,
      held: minor(payment.held),
      captured: minor(payment.captured),
      fee: payment.fee === null ? null : minor(payment.fee),
    };
  });

/** Why a request was refused. */
export const problemShape = z.looseObject({ problem: why });

export type Payment = z.output<typeof paymentShape>;
export type Operation = z.output<typeof operationShape>;
export type Chargeback = z.output<typeof chargebackShape>;
