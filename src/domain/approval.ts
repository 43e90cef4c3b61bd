import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { Actor, AuditDraft } from "./audit-entry.ts";
import { normalisedAddress } from "./address.ts";
import type { ApprovalPlan, SubjectKind } from "./policy.ts";
import { earliest, type Todo } from "./todo.ts";

export const APPROVAL_STATUSES = [
  "pending",
  "approved",
  "rejected",
  "changes_requested",
  "expired",
  "withdrawn",
] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

export const DECISIONS = ["approve", "reject", "request_changes"] as const;
export type Decision = (typeof DECISIONS)[number];

/** What people are asked about: exactly what mail and page show, and what the vote's hash covers. */
export interface Subject {
  /** `request`: anything that somebody asks for by itself, with or without an order; its reference is its title. */
  kind: SubjectKind | "request";
  /** Null for a request without one; then the currency is null too. */
  amount: number | null;
  currency: string | null;
  reference: string;
  description: string | null;
  customer: string | null;
  requested_by: string | null;
  reason: string | null;
  items: { sku: string; quantity: number; unit_amount: number }[];
  order_id: string | null;
}

export interface Vote {
  approver: string;
  decision: Decision;
  comment: string | null;
  at: string;
  gate: number;
  revision: number;
  /** Whose place it fills: the approver's own, or that of somebody who delegated to them. */
  seat: string;
  via: "link" | "api";
}

export type MailKind = "request" | "reminder" | "escalation" | "outcome" | "notice";

/** Why an approver who was mailed need not decide any more. */
export type NoticeKind =
  | { kind: "revoked" }
  | { kind: "reassigned"; to: string }
  | { kind: "withdrawn"; reason: string }
  | { kind: "superseded" };

export type ApprovalEffect =
  | {
      kind: "mail";
      mail: MailKind;
      to: string;
      gate: number;
      revision: number;
      number: number;
      at: string;
      /** Of a notice. */
      notice?: NoticeKind;
      /** Of an escalation: why. */
      because?: string;
    }
  /** Tells the operator that somebody cannot be reached. */
  | { kind: "alert_operator"; to: string; reason: string; at: string }
  /** Tells whoever asked, at the address that they gave, how it ended. */
  | { kind: "callback"; event: string; at: string; view: ApprovalView }
  | { kind: "report"; entries: AuditDraft[]; view: ApprovalView };

/** Where an outcome is sent to; signed as Standard Webhooks with the secret. */
export interface Callback {
  url: string;
  /** Sealed where it is stored; as it is (`whsec_…`) in approvals of release 0.1. */
  secret: string;
}

/** A change of who is asked at a gate, by somebody with the right to. */
export interface PeopleChange {
  gate: number;
  from: string;
  /** Null: revoked, nobody takes the place. */
  to: string | null;
  at: string;
}

/** Somebody is away from `starts_at` until `ends_at`, and `to` may decide in their place. */
export interface Delegation {
  id: string;
  from: string;
  to: string;
  starts_at: string;
  ends_at: string;
  /** The user whose key made it. */
  created_by?: string;
}

/** A field that changed between two revisions; both values as people read them. */
export interface SubjectChange {
  field: string;
  before: string;
  after: string;
}

/** One approval, whole, as it is stored. */
export interface ApprovalState {
  /** What the engine keeps to find the approval's trace by: no rule looks at it. */
  trace?: string;
  id: string;
  tenant: string;
  order_id: string | null;
  refund_id: string | null;
  callback: Callback | null;
  /** What happened, of an approval without an order; otherwise the order's trail has it. */
  history: (AuditDraft & { at: string })[];
  subject: Subject;
  content_hash: string;
  revision: number;
  /** What each revision after the first changed. */
  amendments: { revision: number; at: string; by: string; changes: SubjectChange[] }[];
  plan: ApprovalPlan;
  status: ApprovalStatus;
  gate: number;
  votes: Vote[];
  people: PeopleChange[];
  /** Of those whom it names. */
  delegations: Delegation[];
  /** Delegations that were taken back, also those that we have not heard of yet. Absent: none. */
  undelegated?: string[];
  /** Delegations of which it was told that they hold, and not yet that they are over. Absent: none. */
  standing_in?: Delegation[];
  /** People who were added to the open gate by escalation. */
  escalated_to: string[];
  reminded: boolean;
  escalated: boolean;
  gate_opened_at: string;
  /** When the first of those who decide at the open gate could be asked: later than it opened, where all are off work. */
  asked_from: string;
  deadline_at: string;
  /** How many mails went out, so that each has a stable number. */
  mails: number;
  /** Who was asked in this revision: nobody is asked twice at a gate. */
  asked: { gate: number; person: string }[];
  todo: Todo<ApprovalEffect>[];
  serial: number;
  created_at: string;
  concluded: { by: string; at: string; comment: string | null } | null;
}

/** What an order, a page and the API show of an approval. */
export interface ApprovalView {
  id: string;
  object: "approval";
  /** Rises with every report, so that one which comes again is known. */
  version: number;
  kind: Subject["kind"];
  refund_id: string | null;
  /** Of what is asked now; null for one that was asked before hashes were kept. */
  subject_hash: string | null;
  status: ApprovalStatus;
  gate: string | null;
  needed: number;
  waiting_for: string[];
  votes: { approver: string; decision: Decision; comment: string | null; at: string }[];
  deadline_at: string;
  decided_by: string | null;
  decided_at: string | null;
}

export type ApprovalMessage =
  | { type: "opened" }
  | {
      type: "vote";
      approver: string;
      decision: Decision;
      comment: string | null;
      content_hash: string;
      /** The gate that was shown to whoever decides; absent: whichever is open. */
      gate?: number;
      via: "link" | "api";
      actor: Actor;
      /** By somebody whom the gate does not name, with the right to decide in anybody's place. */
      in_place?: boolean;
    }
  | { type: "withdraw"; reason: string }
  | { type: "amend"; subject: Subject; actor: Actor }
  | { type: "resend"; approver: string; actor: Actor }
  | { type: "remind"; actor: Actor }
  /** `delegations` are those of `to`, whom the approval may not have named before. */
  | { type: "reassign"; from: string; to: string; delegations?: Delegation[]; actor: Actor }
  | { type: "revoke"; approver: string; actor: Actor }
  /** What changed, so that two of these may come in any order: delegations that were made, and ids of those taken back. */
  | { type: "delegations"; made: Delegation[]; deleted: string[]; actor: Actor }
  | { type: "bounced"; number: number; to: string; reason: string; permanent: boolean }
  | { type: "effect.done"; key: string; result: { kind: "mailed"; response: string } | { kind: "done" } }
  | { type: "effect.failed"; key: string; reason: string; code: string; retry: boolean }
  | { type: "clock" };

/** SHA-256 over the canonical JSON of what is approved; mail, page and vote carry it. */
export const contentHash = (subject: Subject, revision: number): string =>
  createHash("sha256")
    .update(canonicalize({ subject, revision }) ?? "")
    .digest("hex");

/** By which an order knows whether what was approved is still what it is. */
export const subjectHash = (subject: Subject): string =>
  createHash("sha256")
    .update(canonicalize(subject) ?? "")
    .digest("hex");

export interface OpenApproval {
  id: string;
  tenant: string;
  order_id: string | null;
  refund_id: string | null;
  callback: Callback | null;
  subject: Subject;
  plan: ApprovalPlan;
  /** All of the tenant that are not over. */
  delegations: Delegation[];
  /** When the authorization lapses; the deadline stays clear of it. */
  capture_before: string | null;
}

/** Whether a plan asks this person, at any gate or when it escalates. */
const isNamed = ({ gates, escalate_to }: ApprovalPlan, person: string): boolean =>
  [...gates.flatMap((gate) => gate.approvers), ...escalate_to].some(
    (each) => normalisedAddress(each) === normalisedAddress(person),
  );

/** A new approval, before anybody was asked. */
export function newApproval(open: OpenApproval, now: Date): ApprovalState {
  const { capture_before, ...rest } = open;
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();
  const latest = capture_before
    ? new Date(Date.parse(capture_before) - open.plan.before_capture_deadline_s * 1000).toISOString()
    : null;
  return {
    ...rest,
    delegations: rest.delegations.filter(({ from }) => isNamed(rest.plan, from)),
    content_hash: contentHash(open.subject, 1),
    revision: 1,
    amendments: [],
    history: [],
    status: "pending",
    gate: 0,
    votes: [],
    people: [],
    escalated_to: [],
    reminded: false,
    escalated: false,
    gate_opened_at: now.toISOString(),
    asked_from: now.toISOString(),
    deadline_at: earliest(later(open.plan.expire_after_s), latest) ?? later(open.plan.expire_after_s),
    mails: 0,
    asked: [],
    todo: [],
    serial: 0,
    created_at: now.toISOString(),
    concluded: null,
  };
}

/** Whether what is asked may be changed and asked again. A refund or a request is asked for anew instead. */
export const isAmendable = ({ subject, status }: ApprovalState): boolean =>
  subject.kind === "order" && (status === "pending" || status === "changes_requested");

/** Whether it has come to its end. One that waits for changes has not, if it can be changed. */
export const isConcluded = (state: ApprovalState): boolean =>
  state.status !== "pending" && !isAmendable(state);
