import { type ApprovalMessage, contentHash, isAmendable } from "./approval.ts";
import { type Step, mail, openTheGate, set, tell, wereAsked } from "./approval-step.ts";
import { atGate } from "./approval-votes.ts";
import { normalisedAddress } from "./address.ts";

/**
 * Asks anew about a changed subject: votes and links of the revision before no longer count. The gates and the deadline
 * stay what they were when it was first asked.
 */
export function onAmend(
  step: Step,
  { subject, changes, actor }: Extract<ApprovalMessage, { type: "amend" }>,
): Step {
  const { state } = step;
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
