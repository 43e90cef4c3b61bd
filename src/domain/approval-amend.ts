import { type ApprovalMessage, contentHash, isAmendable } from "./approval.ts";
import { type Step, mail, openTheGate, set, tell, wereAsked } from "./approval-step.ts";
import { atGate } from "./approval-votes.ts";
import { normalisedAddress } from "./address.ts";
import type { ApprovalPlan, Gate } from "./policy.ts";
import { changesBetween } from "./subject-changes.ts";

/**
 * What the policy asks of an amended order beyond what is asked already: such an order keeps the plan that it was accepted
 * with, so it may not become one that more people would have been asked about. Asking fewer is fine: the plan is stricter then.
 * @param before what the policy in use asks of the order as it was, @param after as it is to be
 * @returns the gate, or what is missing otherwise; null: nothing
 */
export function beyondPlan(
  plan: ApprovalPlan,
  before: ApprovalPlan | null,
  after: ApprovalPlan | null,
): string | null {
  if (after === null || sameQuestion(before, after)) return null;
  if (after.obstacle) return after.obstacle;
  const missing = after.gates.find((gate) => !plan.gates.some((asked) => suffices(asked, gate)));
  if (missing) return `gate ${missing.name}`;
  return plan.on_timeout === "approve" && after.on_timeout !== "approve" ? "a decision, not silence" : null;
}

const sameQuestion = (before: ApprovalPlan | null, after: ApprovalPlan): boolean =>
  before !== null &&
  JSON.stringify([before.gates, before.on_timeout]) === JSON.stringify([after.gates, after.on_timeout]);

/** Whoever passes the one gate passes the other. */
const suffices = (asked: Gate, wanted: Gate): boolean =>
  asked.name === wanted.name &&
  asked.need >= wanted.need &&
  (asked.confirm_amount ?? false) >= (wanted.confirm_amount ?? false) &&
  asked.approvers.every((person) =>
    wanted.approvers.some((other) => normalisedAddress(other) === normalisedAddress(person)),
  );

/**
 * Asks anew about a changed subject: votes and links of the revision before no longer count. The gates and the deadline
 * stay what they were when it was first asked.
 */
export function onAmend(step: Step, { subject, actor }: Extract<ApprovalMessage, { type: "amend" }>): Step {
  const { state } = step;
  // Compared here and not by whoever sends: of two amendments under way at once, the first may tell of both.
  const changes = changesBetween(state.subject, subject);
  if (!isAmendable(state)) return tell(step, "approval.amend_refused", actor, { because: "concluded" });
  if (changes.length === 0) return step;
  const revision = state.revision + 1;
  const before = wereAsked(state);
  const fresh = set(atGate(step, 0), {
    subject,
    revision,
    content_hash: contentHash(subject, revision),
    amendments: [...state.amendments, { revision, at: step.now.toISOString(), by: actor.id, changes }],
    status: "pending",
    concluded: null,
    asked: [],
  });
  const asked = openTheGate(tell(fresh, "approval.amended", actor, { revision, changes }));
  const again = new Set(wereAsked(asked.state).map(normalisedAddress));
  const left = before.filter((person) => !again.has(normalisedAddress(person)));
  return mail(asked, "notice", left, { notice: { kind: "superseded" } });
}
