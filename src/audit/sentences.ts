import { formatMoney } from "../domain/money.ts";

type Data = Record<string, unknown>;
type Say = (data: Data) => string;

const word = (value: unknown, otherwise = ""): string =>
  typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : otherwise;

const money = ({ amount, currency }: Data, otherwise = "the payment"): string =>
  typeof amount === "number" && typeof currency === "string" ? formatMoney({ amount, currency }) : otherwise;

const people = (value: unknown): string =>
  Array.isArray(value) && value.length > 0
    ? value.map((each) => word(each)).join(", ")
    : word(value, "nobody");

/** `2026-11-22T14:03:22.123Z` → `2026-11-22 14:03 UTC` */
const moment = (value: unknown): string => `${word(value).slice(0, 16).replace("T", " ")} UTC`;

/** ` (id)` and the like, when there is something to say. */
const aside = (...parts: string[]): string => {
  const said = parts.filter((part) => part !== "");
  return said.length > 0 ? ` (${said.join(", ")})` : "";
};
/** Enough of an id to tell it from others; all of it is in the entry. */
const shortId = (id: unknown): string => word(id).replace(/^(.{28}).{3,}$/, "$1…");
const because = (value: unknown): string => (word(value) ? `: ${word(value)}` : "");
const quoted = (value: unknown): string => (word(value) ? `: “${word(value)}”` : "");
const times = (value: unknown): string => (value === 1 ? "once" : `${word(value)} times`);

const EFFECT: Record<string, string> = {
  open_payment: "Opening the payment",
  confirm_payment: "Confirming the payment",
  capture: "Capturing the payment",
  void: "Voiding the payment",
  expire_session: "Expiring the checkout page",
  refund: "Making the refund",
  open_approval: "Opening the approval",
  withdraw_approval: "Withdrawing the approval",
  erase_rest: "Erasing what is left of personal data",
};
const effect = (data: Data): string => EFFECT[word(data["effect"])] ?? word(data["effect"], "Work");

const MESSAGE: Record<string, string> = {
  "payment.seen": "News of a payment",
  "session.seen": "News of a checkout page",
  cancel: "The wish to cancel",
  erase: "The wish to erase personal data",
  refund: "The wish to refund",
  fulfilment: "A fulfilled item",
  payment_method: "Another payment method",
};

const DECISION: Record<string, string> = {
  approve: "Approved",
  reject: "Rejected",
  request_changes: "Asked for changes",
};

const OBSTACLE: Record<string, string> = {
  concluded: "it is already decided",
  requester: "who requests does not approve",
  not_asked: "this person is not asked",
  already_voted: "this person has already decided",
  superseded: "what was shown has changed since",
  asked_already: "this person is asked already",
};

const MAIL: Record<string, string> = {
  request: "the request to approve",
  reminder: "a reminder",
  escalation: "the escalated request",
  outcome: "the outcome",
  notice: "that no decision is needed any more",
};
const mail = (data: Data): string => MAIL[word(data["mail"])] ?? "a mail";

/** `: amount 12.50 USD → 10.00 USD, …` */
const changed = (changes: unknown): string =>
  Array.isArray(changes) && changes.length > 0
    ? `: ${changes
        .map(
          (change: Data) =>
            `${word(change["field"])} ${word(change["before"], "none")} → ${word(change["after"], "none")}`,
        )
        .join(", ")}`
    : "";

const ended =
  (what: string): Say =>
  ({ reason }) =>
    `Order ${what}${because(reason)}`;

const SAY: Record<string, Say> = {
  "order.created": (d) =>
    `Order ${word(d["reference"])} over ${money(d, "?")} accepted; ${
      d["needs_approval"] ? "it needs approval" : "no approval needed"
    }`,
  "order.cancel_requested": (d) => `Cancellation requested${because(d["reason"])}`,
  "order.erased": (d) => `Personal data erased${because(d["reason"])}`,
  "order.erasure_finished": (d) =>
    `Erasure finished; ${word(d["webhooks"], "no")} received webhooks were emptied`,
  "order.status_changed": (d) => `Order was ${word(d["from"])}, is now ${word(d["to"])}`,
  "order.amended": (d) => `Order amended${changed(d["changes"])}`,
  "order.held": (d) => `Order held${because(d["reason"])}; it waits until ${moment(d["until"])}`,
  "order.hold_released": () => "Order no longer held: order and payment agree",
  "order.hold_resolved": (d) =>
    `${d["action"] === "accept" ? "Accepted as it is" : "To be given back"}${because(d["reason"])}`,
  "operator.alerted": (d) => `Operator told${because(d["problem"])}`,
  "order.completed": ended("completed"),
  "order.refunded": ended("refunded"),
  "order.partially_refunded": ended("partially refunded"),
  "order.disputed": ended("disputed"),
  "order.rejected": ended("rejected"),
  "order.cancelled": ended("cancelled"),
  "order.expired": ended("expired"),
  "order.failed": ended("failed"),
  note: (d) => `Note${quoted(d["text"])}`,
  "message.ignored": (d) =>
    `${MESSAGE[word(d["message"])] ?? word(d["message"], "A message")} changed nothing${because(d["because"])}`,

  "checkout.opened": (d) => `Checkout page opened${aside(shortId(d["session_id"]))}`,
  "checkout.expired": () => "Checkout page expired",
  "payment.created": (d) => `Payment begun${aside(shortId(d["payment_id"]))}`,
  "payment.requires_action": () => "The customer's bank asks for confirmation",
  "payment.processing": () => "Payment is processing",
  "payment.failed": (d) => `Payment attempt failed${because(d["message"])}${aside(word(d["code"]))}`,
  "payment.retried": () => "Payment is tried with another method",
  "payment.authorized": (d) =>
    `Authorized ${money(d)}${d["capture_before"] ? `, to be captured before ${moment(d["capture_before"])}` : ""}`,
  "payment.capture_requested": (d) => `Capture of ${money(d)} asked for`,
  "payment.captured": (d) => `Captured ${money(d)}`,
  "payment.voided": () => "Authorization released; the customer is not charged",
  "payment.refunded": (d) => `Refunded in total: ${money({ ...d, amount: d["amount_refunded"] }, "?")}`,
  "payment.mismatch": (d) => `The payment does not match the order${because(d["problem"])}`,
  "payment.late": (d) => `${money(d)} arrived too late and goes back${because(d["because"])}`,

  "refund.requested": (d) =>
    `Refund of ${money(d, "?")} requested${because(d["reason"])}${d["needs_approval"] ? "; it needs approval" : ""}`,
  "refund.rejected": (d) => `Refund not made${because(d["because"])}`,
  "refund.pending": (d) => `Refund of ${money(d, "?")} is on its way`,
  "refund.requires_action": (d) => `Refund of ${money(d, "?")} waits for the customer`,
  "refund.succeeded": (d) => `Refunded ${money(d, "?")}`,
  "refund.failed": (d) => `Refund of ${money(d, "?")} failed${because(d["failure"])}`,
  "refund.canceled": (d) => `Refund of ${money(d, "?")} was cancelled`,

  "dispute.opened": (d) => `The customer disputes ${money(d)}${because(d["reason"])}`,
  "dispute.updated": (d) => `Dispute is now ${word(d["status"])}`,
  "dispute.funds_withdrawn": (d) => `${money(d)} were taken for the dispute`,
  "dispute.funds_reinstated": (d) => `${money(d)} came back from the dispute`,
  "dispute.closed": (d) => `Dispute closed: ${word(d["status"])}`,
  "fulfilment.item": (d) =>
    `Fulfilled ${word(d["quantity"])} × ${word(d["sku"])}: ${word(d["fulfilled"])} of ${word(d["of"])}`,

  "effect.retrying": (d) =>
    `${effect(d)} failed ${times(d["attempts"])}, will be tried again${because(d["reason"])}`,
  "effect.failed": (d) => `${effect(d)} was refused${because(d["reason"])}${aside(word(d["code"]))}`,

  "approval.requested": (d) =>
    `Approval of ${d["of"] === "refund" ? "a refund of " : ""}${money(d, "?")} asked of ${people(d["asked"])}${aside(
      d["gate"] ? `gate ${word(d["gate"])}` : "",
      typeof d["needed"] === "number" ? `${d["needed"]} needed` : "",
      d["deadline_at"] ? `until ${moment(d["deadline_at"])}` : "",
    )}`,
  "approval.voted": (d) =>
    `${DECISION[word(d["decision"])] ?? "Decided"}${d["via"] === "link" ? " by mailed link" : ""}${quoted(d["comment"])}`,
  "approval.vote_refused": (d) => `Vote not counted: ${OBSTACLE[word(d["because"])] ?? word(d["because"])}`,
  "approval.approved": () => "Approval granted",
  "approval.rejected": (d) => `Approval refused${quoted(d["comment"])}`,
  "approval.changes_requested": (d) => `Changes requested${quoted(d["comment"])}`,
  "approval.expired": () => "Nobody decided in time; the approval expired",
  "approval.withdrawn": (d) => `Approval withdrawn${because(d["comment"])}`,
  "approval.reminded": (d) => `Reminder to ${people(d["asked"])}`,
  "approval.escalated": (d) => `Escalated to ${people(d["to"])}${because(d["because"])}`,
  "approval.reassigned": (d) => `${word(d["to"])} is asked in place of ${word(d["from"])}`,
  "approval.reassign_refused": (d) =>
    `${word(d["to"])} cannot be asked in place of ${word(d["from"])}: ${OBSTACLE[word(d["because"])] ?? word(d["because"])}`,
  "approval.revoked": (d) => `${word(d["approver"])} is asked no longer`,
  "approval.revoke_refused": (d) =>
    `${word(d["approver"])} is still asked: ${OBSTACLE[word(d["because"])] ?? word(d["because"])}`,
  "approval.delegated": (d) => `${word(d["to"])} is asked while ${word(d["from"])} is away`,
  "approval.delegation_ended": (d) =>
    `${word(d["from"])} decides again: ${word(d["to"])} stands in no longer${aside(word(d["because"]))}`,
  "approval.amended": (d) =>
    `What is asked has changed${changed(d["changes"])}; votes before no longer count`,
  "approval.amend_refused": () => "The change came too late: it is already decided",
  "approval.called_back": (d) => `Outcome posted${aside(word(d["event"]))}`,
  "approval.callback_failed": (d) => `Outcome could not be posted${because(d["reason"])}`,
  "approval.resent": (d) => `Fresh link for ${word(d["to"])}`,

  "mail.sent": (d) => `Mailed ${mail(d)} to ${word(d["to"])}`,
  "mail.deferred": (d) =>
    `Mail to ${word(d["to"])} not taken yet, will be tried again${because(d["reason"])}`,
  "mail.bounced": (d) => `Mail to ${word(d["to"])} came back${because(d["reason"])}`,
  "mail.delayed": (d) => `Mail to ${word(d["to"])} is delayed${because(d["reason"])}`,
  "mail.refused": (d) => `Mail to ${word(d["to"], "an approver")} was refused${because(d["reason"])}`,
};

/** Every type of entry for which there is a sentence. */
export const SAID_TYPES: readonly string[] = Object.keys(SAY);

/** What happened, in a sentence; for a type that is not known here, the type and its data. */
export function entryText(type: string, data: Data): string {
  const say = Object.hasOwn(SAY, type) ? SAY[type] : undefined;
  if (say) return data["source"] === "reconciliation" ? `${say(data)} (found by looking)` : say(data);
  const compact = JSON.stringify(data);
  return compact === "{}" ? type : `${type} ${compact}`;
}
