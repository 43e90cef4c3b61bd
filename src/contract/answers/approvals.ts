import type { ApprovalState, ApprovalView, Callback } from "../../domain/approval.ts";
import type { Delegation } from "../../domain/approval.ts";
import type { DelegationStatus } from "../../domain/delegation.ts";
import type { Gate } from "../../domain/policy.ts";

export type { ApprovalStatus, ApprovalView, Decision, Subject } from "../../domain/approval.ts";

/** An approval as the API shows it: what an order shows of it, and all that is asked. */
export interface ApprovalAnswer
  extends
    ApprovalView,
    Pick<ApprovalState, "order_id" | "subject" | "content_hash" | "revision" | "amendments" | "history"> {
  policy_version: string;
  gates: Gate[];
  /** What comes by itself when nobody decides. */
  next: { remind_at: string | null; escalate_at: string | null; deadline_at: string | null };
  comment: string | null;
  callback: { url: string } | null;
  created_at: string;
  updated_at: string;
}

/** The answer to its creation: the callback's secret is shown this once. */
export interface CreatedApproval extends ApprovalAnswer {
  callback: Callback | null;
}

/** What a command to an approval answers: it was sent. */
export interface CommandAnswer {
  object: "command";
  approval_id: string;
  accepted: true;
}

/** Who decides while somebody is away. */
export interface DelegationAnswer extends Omit<Delegation, "created_by"> {
  object: "delegation";
  status: DelegationStatus;
  reason: string | null;
  created_by: string;
  created_at: string;
}
