import type { ApprovalView } from "./approval.ts";
import type { AuditDraft } from "./audit-entry.ts";
import type { Refund } from "./order.ts";
import { SYSTEM, type Step, ask, set, tell } from "./order-step.ts";

// What an order's approvals say.

export function onApproval(step: Step, approval: ApprovalView, entries: AuditDraft[]): Step {
  const known = step.state.approvals.find((a) => a.id === approval.id);
  // A report that was delivered before, to an earlier segment perhaps.
  if (known && known.version >= approval.version) return step;
  // Withdrawn by us: a report from before that must not open it again.
  const reopens = known?.status === "withdrawn" && approval.status === "pending";
  const heard = reopens ? { ...known, version: approval.version } : approval;
  const approvals = known
    ? step.state.approvals.map((a) => (a.id === approval.id ? heard : a))
    : [...step.state.approvals, heard];
  const told: Step = { ...set(step, { approvals }), entries: [...step.entries, ...entries] };
  return approval.kind === "refund" ? onRefundApproval(told, approval.refund_id, approval.status) : told;
}

function onRefundApproval(step: Step, refundId: string | null, status: string): Step {
  const refund = step.state.refunds.find((r) => r.id === refundId && r.status === "awaiting_approval");
  if (!refund || status === "pending") return step;
  const change = (to: Refund["status"]): Step =>
    set(step, { refunds: step.state.refunds.map((r) => (r.id === refund.id ? { ...r, status: to } : r)) });
  return status === "approved"
    ? ask(change("requested"), {
        kind: "refund",
        refund_id: refund.id,
        amount: refund.amount,
        reason: refund.reason,
      })
    : tell(change("rejected"), "refund.rejected", SYSTEM, {
        refund_id: refund.id,
        because: `approval ${status}`,
      });
}
