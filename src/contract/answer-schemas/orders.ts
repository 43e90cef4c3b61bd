import { z } from "zod";
import { LEDGER_ACCOUNTS, POSTING_TYPES } from "../../domain/ledger.ts";
import { EVENT_KEYS } from "../../domain/order-view.ts";
import { ORDER_STATUSES } from "../../domain/order.ts";
import type {
  ErasureView,
  EventAnswer,
  MessageAnswer,
  OrderView,
  PaymentView,
  RefundAnswer,
  ResultView,
  TimelineLink,
} from "../answers/orders.ts";
import { approvalView } from "./approvals.ts";
import { currency, hash, idOf, listOf, money, time } from "./fields.ts";

const status = z.enum(ORDER_STATUSES);

const payment = z
  .object({
    mode: z.enum(["checkout", "client", "confirm"]),
    id: z
      .string()
      .nullable()
      .describe("The provider's; in mode checkout null until the customer has submitted."),
    session_id: z.string().nullable(),
    status: z.string(),
    checkout_url: z.string().nullable(),
    client_secret: z.string().nullable(),
    amount_authorized: money,
    amount_captured: money,
    amount_refunded: money,
    capture_before: time.nullable(),
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: "Payment" }) satisfies z.ZodType<PaymentView>;

const result = z
  .object({
    status,
    reason: z.string().nullable(),
    amount_captured: money,
    amount_refunded: money,
    ended_at: time,
  })
  .meta({ id: "Result" }) satisfies z.ZodType<ResultView>;

const refundView = {
  id: idOf("rfd"),
  amount: money,
  status: z.string(),
  reason: z.string(),
  approval_id: idOf("apr").nullable(),
  failure: z.string().nullable(),
};

export const order = z
  .object({
    id: idOf("ord"),
    object: z.literal("order"),
    status,
    progress: z.int().min(0).max(100),
    reference: z.string(),
    amount: money,
    currency,
    description: z.string().nullable(),
    customer: z.object({ email: z.string().nullable(), name: z.string().nullable() }),
    requested_by: z.string().nullable(),
    items: z.array(
      z.object({
        sku: z.string(),
        quantity: z.int(),
        unit_amount: money,
        description: z.string().exactOptional(),
      }),
    ),
    payment,
    approval: approvalView.nullable().describe("The one that is open, else the order's own."),
    approvals: z.array(approvalView),
    refunds: z.array(z.object(refundView)),
    disputes: z.array(z.object({ id: z.string(), status: z.string(), amount: money, reason: z.string() })),
    hold: z
      .object({ reason: z.string(), since: time, until: time })
      .nullable()
      .describe("Why it waits for somebody to decide, and until when."),
    ledger: z
      .object({
        currency,
        postings: z.array(
          z.object({
            type: z.enum(POSTING_TYPES),
            debit: z.enum(LEDGER_ACCOUNTS),
            credit: z.enum(LEDGER_ACCOUNTS),
            amount: money,
          }),
        ),
        accounts: z.object({
          customer: money,
          authorization: money,
          balance: money,
          dispute: money,
          fees: money,
        }),
      })
      .describe("Double-entry: what is on the accounts adds up to nothing."),
    fulfilment: z.object({
      mode: z.enum(["none", "manual"]),
      fulfilled: z.record(z.string(), z.int()),
      fulfil_by: time.nullable(),
    }),
    result: result.nullable(),
    metadata: z.record(z.string(), z.string()),
    audit: z.object({ entries: z.int(), head_hash: hash }),
    pay_by: time,
    erased_at: time.nullable(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: "Order" }) satisfies z.ZodType<OrderView>;

export const orders = listOf(order, "OrderList");

const values = { status, progress: z.int(), payment, approval: approvalView, result };

export const events = z.object(values).partial().meta({
  id: "Events",
  description: "Every event that is set.",
});

export const event = z
  .object({
    object: z.literal("event"),
    order_id: idOf("ord"),
    key: z.enum(EVENT_KEYS),
    value: z.union(Object.values(values)),
  })
  .meta({ id: "Event" }) satisfies z.ZodType<Omit<EventAnswer, "value">>;

export const message = z
  .object({
    object: z.literal("message"),
    order_id: idOf("ord"),
    topic: z.string(),
    accepted: z.literal(true),
  })
  .meta({ id: "Message" }) satisfies z.ZodType<MessageAnswer>;

export const refund = z
  .object({ ...refundView, object: z.literal("refund"), order_id: idOf("ord"), currency })
  .meta({ id: "Refund" }) satisfies z.ZodType<RefundAnswer>;

export const erasure = z
  .object({
    object: z.literal("erasure"),
    order_id: idOf("ord"),
    status: z.enum(["running", "finished"]),
    id: idOf("ers"),
    at: time,
    by: z.string(),
    found: z
      .object({
        values: z.int(),
        approvals: z.int(),
        answers: z.int(),
        messages: z.int(),
        checkpoints: z.int(),
        entries_kept: z.int(),
      })
      .nullable(),
    webhooks: z.int().nullable(),
    finished_at: time.nullable(),
  })
  .meta({ id: "Erasure" }) satisfies z.ZodType<ErasureView>;

export const timelineLink = z
  .object({ object: z.literal("timeline_link"), order_id: idOf("ord"), url: z.string(), expires_at: time })
  .meta({ id: "TimelineLink" }) satisfies z.ZodType<TimelineLink>;
