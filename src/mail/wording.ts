import type { ApprovalStatus, Decision, Subject } from "../domain/approval.ts";
import { formatMoney } from "../domain/money.ts";
import type { Gate } from "../domain/policy.ts";
import { oneLine } from "./markup.ts";

/** What people are asked about, as mails and pages show it. */
export type Asked = Omit<Subject, "order_id">;

/** A vote as it is shown. */
export interface CastVote {
  approver: string;
  decision: Decision;
  comment: string | null;
  at: string;
}

/** One line of "what happens next": at a time (RFC 3339), or after something (a word such as "then"). */
export interface NextStep {
  when: string;
  what: string;
}

/** A field that changed between two revisions of what is approved; both values ready to be shown. */
export interface Change {
  field: string;
  before: string;
  after: string;
}

/** `1,250.00 USD` */
export const amountOf = ({ amount, currency }: Pick<Asked, "amount" | "currency">): string =>
  amount === null || currency === null ? "" : formatMoney({ amount, currency });

/** What stands largest: the amount, and the title of a request that is about something else than money. */
export const headlineOf = (asked: Asked): string => amountOf(asked) || referenceOf(asked);

export const referenceOf = (asked: Asked): string => oneLine(asked.reference, 80);

/** `1,250.00 USD for PO-1001`, `refund of 500.00 USD for PO-1001` */
export function subjectLine(asked: Asked): string {
  if (asked.kind === "request")
    return asked.amount === null ? referenceOf(asked) : `${referenceOf(asked)} (${amountOf(asked)})`;
  return `${asked.kind === "refund" ? "refund of " : ""}${amountOf(asked)} for ${referenceOf(asked)}`;
}

/** What the amount is: `Payment for PO-1001`, `Refund for PO-1001`; what a request without one is. */
export function purposeOf(asked: Asked): string {
  if (asked.kind === "request") return asked.amount === null ? "Request for approval" : referenceOf(asked);
  return `${asked.kind === "refund" ? "Refund" : "Payment"} for ${referenceOf(asked)}`;
}

/** `any one of finance`, `all 3 of board`, `any 2 of the 4 of board`, or the one address */
export function gateRule(gate: Gate): string {
  const people = gate.approvers.length;
  if (people === 1) return gate.approvers[0] ?? gate.name;
  const name = oneLine(gate.name, 60);
  if (gate.need >= people) return `all ${people} of ${name}`;
  return gate.need === 1 ? `any one of ${name}` : `any ${gate.need} of the ${people} of ${name}`;
}

export const DECIDED: Record<Decision, string> = {
  approve: "approved",
  reject: "rejected",
  request_changes: "asked for changes",
};

export const STATUS_WORD: Record<ApprovalStatus, string> = {
  pending: "Open",
  approved: "Approved",
  rejected: "Rejected",
  changes_requested: "Changes requested",
  expired: "Expired",
  withdrawn: "Withdrawn",
};

/** `Fri 27 Nov 2026, 22:16 UTC`; what is not a time is shown as it is. */
export function formatWhen(time: string, zone = "UTC"): string {
  const at = new Date(time);
  if (!/^\d{4}-/.test(time) || Number.isNaN(at.getTime())) return oneLine(time);
  const parts = new Intl.DateTimeFormat("en-GB", {
    ...{ weekday: "short", day: "numeric", month: "short", year: "numeric" },
    ...{ hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone, timeZoneName: "short" },
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((p) => p.type === type)?.value ?? "";
  return (
    `${part("weekday")} ${part("day")} ${part("month")} ${part("year")}, ` +
    `${part("hour")}:${part("minute")} ${part("timeZoneName")}`
  );
}

/** `a, b and c`; a long list ends in `and 4 more`. */
export function listed(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map((name) => oneLine(name, 120));
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
