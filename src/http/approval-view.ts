import type { ApprovalRow } from "../db/approvals.ts";
import type { ApprovalAnswer } from "../contract/answers/approvals.ts";
import { approvalView } from "../domain/approval-seats.ts";
import { nextTimes } from "../domain/approval-times.ts";

/** An approval as the API shows it. The callback's secret is not shown again. */
export const presentApproval = ({
  state,
  created_at,
  updated_at,
}: Pick<ApprovalRow, "state" | "created_at" | "updated_at">): ApprovalAnswer => ({
  ...approvalView(state, new Date()),
  order_id: state.order_id,
  subject: state.subject,
  content_hash: state.content_hash,
  revision: state.revision,
  amendments: state.amendments,
  policy_version: state.plan.policy_version,
  gates: state.plan.gates,
  next: nextTimes(state),
  comment: state.concluded?.comment ?? null,
  callback: state.callback ? { url: state.callback.url } : null,
  history: state.history,
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
});
