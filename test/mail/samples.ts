import type { ConfirmView, DecidedView } from "../../src/http/pages/index.ts";
import type { AlertKind } from "../../src/domain/order.ts";
import type { AlertView, AskView, Asked, CastVote, NextStep } from "../../src/mail/templates/index.ts";

export const order: Asked = {
  kind: "order",
  amount: 125_000,
  currency: "usd",
  reference: "PO-1001",
  description: "4 laptops for the new office",
  customer: "Ada <buyer@example.com>",
  requested_by: "sam@example.com",
  reason: null,
  items: [
    { sku: "lap-14", quantity: 3, unit_amount: 31_250 },
    { sku: "lap-16-pro", quantity: 1, unit_amount: 31_250 },
  ],
};

export const refund: Asked = {
  ...order,
  kind: "refund",
  amount: 62_500,
  description: null,
  reason: "Two of the laptops arrived broken",
  items: [],
};

export const link = "http://127.0.0.1:3000/a/k1.Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4_-";

export const next: NextStep[] = [
  { when: "2026-11-24T09:30:00.000Z", what: "A reminder to everybody who has not decided" },
  { when: "2026-11-25T09:30:00.000Z", what: "It is escalated to cfo@example.com" },
  { when: "2026-11-28T09:30:00.000Z", what: "Nobody decided: the order is rejected and the money released" },
];

export const ask: AskView = {
  asked: order,
  approver: "finance@example.com",
  gate: { name: "finance", need: 1, approvers: ["finance@example.com", "controller@example.com"] },
  stage: { number: 1, of: 1 },
  votes: [],
  deadline_at: "2026-11-28T09:30:00.000Z",
  link,
  next,
  content_hash: "ab".repeat(32),
};

export const approval: CastVote = {
  approver: "finance@example.com",
  decision: "approve",
  comment: "Within the budget of this quarter.",
  at: "2026-11-23T10:12:09.412Z",
};

/** The second stage of a large order. */
export const secondStage: AskView = {
  ...ask,
  asked: {
    ...order,
    amount: 1_250_000,
    items: [{ sku: "lap-14", quantity: 40, unit_amount: 31_250 }],
    description: "40 laptops for the new office",
  },
  approver: "cfo@example.com",
  gate: { name: "management", need: 1, approvers: ["cfo@example.com"] },
  stage: { number: 2, of: 2 },
  votes: [approval],
};

/** An order that changed since it was first asked about. */
export const changed: AskView = {
  ...ask,
  changes: [
    { field: "Amount", before: "1,000.00 USD", after: "1,250.00 USD" },
    { field: "Description", before: "", after: "4 laptops for the new office" },
  ],
};

export const confirm: ConfirmView = { ...ask, content_hash: "ab".repeat(32) };

export const decided: DecidedView = {
  asked: order,
  status: "approved",
  vote: approval,
  yours: true,
  just_now: true,
  votes: [],
  happened: [
    { when: "2026-11-23T10:12:09.500Z", what: "Capture of 1,250.00 USD requested" },
    { when: "2026-11-23T10:12:09.812Z", what: "1,250.00 USD captured, the order is paid" },
  ],
};

const ORDER = "ord_01kavjzm9he0nab8zrwshw8t2g";
const PAYMENT = "pi_3SWd3ELkdIwHu7ix0Zq5cVbN";
const DISPUTE = "du_1SWd4TLkdIwHu7ixM0a9KfPq";
const REFUND = "rfd_01kavk3c7rfqbrf4p8a41e6h2w";

const alert = (
  kind: AlertKind,
  about: string,
  problem: string,
  status: string,
  until: string | null = null,
): AlertView => ({
  ...{ alert: kind, about, problem, until, at: "2026-11-23T10:12:09.412Z" },
  order: { id: ORDER, reference: "PO-1001", amount: 125_000, currency: "usd", status },
});

/** One of each kind, in the words of the order's rules. */
export const alerts: Record<AlertKind, AlertView> = {
  order_held: alert(
    "order_held",
    ORDER,
    "the provider captured 1,000.00 USD instead of 1,250.00 USD",
    "paid",
    "2026-11-26T10:12:09.412Z",
  ),
  capture_failed: alert(
    "capture_failed",
    PAYMENT,
    "the provider refused to capture it: This payment is not eligible for capture",
    "failed",
  ),
  captured_outside: alert(
    "captured_outside",
    PAYMENT,
    "1,250.00 USD were captured at the provider before this order asked for it",
    "awaiting_approval",
  ),
  authorization_lapsing: alert(
    "authorization_lapsing",
    PAYMENT,
    "nobody has captured this payment, and its authorization is about to lapse",
    "authorized",
    "2026-11-24T09:12:09.000Z",
  ),
  second_payment: alert(
    "second_payment",
    "pi_3SWd9QLkdIwHu7ix1mKc2TeR",
    `1,250.00 USD were paid once more, beside ${PAYMENT}`,
    "completed",
  ),
  refund_failed: alert(
    "refund_failed",
    REFUND,
    "a refund of 625.00 USD failed: lost or stolen card",
    "completed",
  ),
  inquiry_opened: alert(
    "inquiry_opened",
    DISPUTE,
    "the customer's bank asks about 1,250.00 USD (product not received); no money was taken so far",
    "disputed",
  ),
  dispute_opened: alert(
    "dispute_opened",
    DISPUTE,
    "the customer disputes 1,250.00 USD (fraudulent)",
    "disputed",
  ),
  dispute_lost: alert(
    "dispute_lost",
    DISPUTE,
    "the dispute over 1,250.00 USD is lost (fraudulent)",
    "disputed",
  ),
  void_failed: alert(
    "void_failed",
    PAYMENT,
    "the provider refused to give it back: This payment cannot be canceled",
    "cancelled",
  ),
};

/** What people could type or be sent: markup, header injection, bidirectional overrides, endless words, emoji. */
export const HOSTILE = `<script>alert(1)</script>"'&\r\nBcc: evil@example.com \u202Egnp.exe\u2066 👩‍💻 ${"W".repeat(400)} \u0000\u0007 </textarea></style>`;

export const hostile: Asked = {
  kind: "order",
  amount: 123_456_789_012,
  currency: "usd",
  reference: HOSTILE,
  description: HOSTILE,
  customer: HOSTILE,
  requested_by: HOSTILE,
  reason: HOSTILE,
  items: [{ sku: HOSTILE, quantity: 999_999, unit_amount: 123_456_789 }],
};

export const hostileVote: CastVote = {
  approver: HOSTILE,
  decision: "reject",
  comment: HOSTILE,
  at: "2026-11-23T10:12:09.412Z",
};

export const hostileAsk: AskView = {
  ...ask,
  asked: hostile,
  approver: HOSTILE,
  gate: { name: HOSTILE, need: 2, approvers: [HOSTILE, "controller@example.com", "cfo@example.com"] },
  votes: [hostileVote],
  next: [{ when: HOSTILE, what: HOSTILE }],
  changes: [{ field: HOSTILE, before: HOSTILE, after: "" }],
};

export const hostileAlert: AlertView = {
  ...alerts.order_held,
  about: HOSTILE,
  problem: HOSTILE,
  order: { ...alerts.order_held.order, id: HOSTILE, reference: HOSTILE },
};
