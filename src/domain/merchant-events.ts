import type { ApprovalState, ApprovalView } from "./approval.ts";
import { approvalView } from "./approval-seats.ts";
import type { AuditDraft } from "./audit-entry.ts";
import { PING } from "./delivery.ts";
import { derivedId } from "./derived-id.ts";
import { type OrderState, type Refund, paidCurrency, refundedAmount } from "./order.ts";
import { storableJson } from "./storable.ts";

/** What the merchant is told of a transition; `contract/events` has the shapes of the bodies. */
export interface MerchantEvent {
  /** The webhook's id: the same for every endpoint and at every try. */
  id: string;
  type: string;
  /** JSON, as it is posted. */
  body: string;
}

/** Entries of an order's trail that are events, beside its statuses. */
export const TOLD_OF_ORDERS = [
  "order.created",
  "order.amended",
  "order.held",
  "order.hold_released",
] as const;

/** Entries of an approval that are events. */
export const TOLD_OF_APPROVALS = [
  "approval.requested",
  "approval.voted",
  "approval.escalated",
  "approval.amended",
  "approval.approved",
  "approval.rejected",
  "approval.changes_requested",
  "approval.expired",
  "approval.withdrawn",
] as const;

/** Version of each body's shape. */
export const EVENT_VERSION = 1;

type Entry = Pick<AuditDraft, "type" | "data">;

interface Told {
  type: string;
  seq: number;
  data: { id: string } & Record<string, unknown>;
}

/** An order's transition on its way to disk. */
export interface OrderTransition {
  before: OrderState;
  after: OrderState;
  entries: Entry[];
  /** The `seq` of the first entry. */
  base: number;
  now: Date;
}

/**
 * The events of one committed transition of an order, by `seq`. They say what is so after it: a status that the order only
 * passed within it is no event. There is no personal data in them: whoever needs it reads the object.
 */
export function orderMerchantEvents(transition: OrderTransition): MerchantEvent[] {
  const { after, now } = transition;
  const told = [
    ...entryEvents(transition),
    ...approvalEvents(transition),
    ...refundEvents(transition),
    ...statusEvents(transition),
  ];
  return told.sort((a, b) => a.seq - b.seq).map((event) => merchantEvent(after.facts.id, event, now));
}

/** The same of an approval that belongs to no order; `seq` counts its own history. */
export function approvalMerchantEvents(
  before: ApprovalState,
  after: ApprovalState,
  now: Date,
): MerchantEvent[] {
  if (after.order_id !== null) return [];
  const base = before.history.length;
  return after.history
    .slice(base)
    .flatMap(({ type }, i) =>
      isToldOfApproval(type)
        ? [
            merchantEvent(
              after.id,
              { type, seq: base + i, data: approvalData(approvalView(after, now), null) },
              now,
            ),
          ]
        : [],
    );
}

function merchantEvent(source: string, { type, seq, data }: Told, now: Date): MerchantEvent {
  const { id, ...rest } = data;
  return {
    id: derivedId("evt", now, `${source}:${seq}:${type}:${id}`),
    type,
    body: storableJson({ type, timestamp: now.toISOString(), data: { id, seq, ...rest } }),
  };
}

const isToldOfOrder = (type: string): boolean => (TOLD_OF_ORDERS as readonly string[]).includes(type);
const isToldOfApproval = (type: string): boolean => (TOLD_OF_APPROVALS as readonly string[]).includes(type);

const entryEvents = ({ before, after, entries, base }: OrderTransition): Told[] =>
  entries.flatMap(({ type }, i) =>
    isToldOfOrder(type) ? [{ type, seq: base + i, data: orderData(before, after) }] : [],
  );

const approvalEvents = ({ after, entries, base }: OrderTransition): Told[] =>
  entries.flatMap(({ type, data }, i) => {
    const view = isToldOfApproval(type) && after.approvals.find((a) => a.id === data["approval_id"]);
    return view ? [{ type, seq: base + i, data: approvalData(view, after.facts.id) }] : [];
  });

/** By what changed, since not every change of a refund has an entry of its own. */
const refundEvents = ({ before, after, entries, base }: OrderTransition): Told[] =>
  after.refunds.flatMap((refund) => {
    const was = before.refunds.find((r) => r.id === refund.id)?.status;
    const types = was === undefined ? ["refund.created"] : [];
    const isAsked = refund.status === "requested" || refund.status === "awaiting_approval";
    if (was === undefined ? !isAsked : was !== refund.status) types.push(`refund.${refund.status}`);
    const seq = seqOf(entries, base, ({ data }) => data["refund_id"] === refund.id);
    return types.map((type) => ({ type, seq, data: refundData(after, refund) }));
  });

function statusEvents({ before, after, entries, base }: OrderTransition): Told[] {
  if (before.status === after.status) return [];
  const type = `order.${after.status}`;
  const seq = seqOf(entries, base, (entry) => entry.type === type || entry.type === "order.status_changed");
  return [{ type, seq, data: orderData(before, after) }];
}

/** Where the last entry stands that made it; of what has none, the last of the transition. */
function seqOf(entries: Entry[], base: number, made: (entry: Entry) => boolean): number {
  const at = entries.findLastIndex(made);
  return Math.max(base + (at < 0 ? entries.length - 1 : at), 0);
}

const orderData = (before: OrderState, after: OrderState): Told["data"] => ({
  id: after.facts.id,
  object: "order",
  version: EVENT_VERSION,
  status: after.status,
  previous_status: before.status === after.status ? null : before.status,
  reference: after.facts.reference,
  amount: after.facts.amount,
  currency: after.facts.currency,
  payment: {
    id: after.payment.id,
    status: after.payment.status,
    amount_authorized: after.payment.amount_authorized,
    amount_captured: after.payment.amount_captured,
    amount_refunded: refundedAmount(after),
  },
});

const refundData = (state: OrderState, refund: Refund): Told["data"] => ({
  id: refund.id,
  object: "refund",
  version: EVENT_VERSION,
  order_id: state.facts.id,
  status: refund.status,
  amount: refund.amount,
  currency: paidCurrency(state),
  approval_id: refund.approval_id,
});

const approvalData = (view: ApprovalView, order_id: string | null): Told["data"] => ({
  id: view.id,
  object: "approval",
  version: EVENT_VERSION,
  order_id,
  refund_id: view.refund_id,
  kind: view.kind,
  status: view.status,
  gate: view.gate,
  needed: view.needed,
  deadline_at: view.deadline_at,
  decided_at: view.decided_at,
});

/** What an endpoint is sent for a test, whatever it takes. */
export function newPing(endpoint: string, now: Date): MerchantEvent {
  const data = { id: endpoint, object: "webhook_endpoint", version: EVENT_VERSION };
  return merchantEvent(`${endpoint}:${now.getTime()}`, { type: PING, seq: 0, data }, now);
}
