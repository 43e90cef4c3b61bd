import type { ApprovalState } from "./approval.ts";
import { nextTimes } from "./approval-times.ts";

/** One line of "what happens next": at a time (RFC 3339), or after something (a word such as "then"). */
export interface NextStep {
  when: string;
  what: string;
}

const PAST_DEADLINE = {
  order: "the authorization is released and the order is rejected",
  refund: "the refund is not made",
  request: "it is rejected",
};

/** What happens next to an open approval, and when, as mails and pages show it. */
export function nextSteps(state: ApprovalState): NextStep[] {
  const { remind_at, escalate_at, deadline_at } = nextTimes(state);
  const outcome =
    state.status === "pending" && state.plan.on_timeout === "approve"
      ? "it is approved"
      : PAST_DEADLINE[state.subject.kind];
  const before = (time: string | null) =>
    time !== null && deadline_at !== null && Date.parse(time) < Date.parse(deadline_at);
  return [
    ...(remind_at && before(remind_at) ? [{ when: remind_at, what: "a reminder is mailed" }] : []),
    ...(escalate_at && before(escalate_at) && state.plan.escalate_to.length > 0
      ? [{ when: escalate_at, what: `it is escalated to ${state.plan.escalate_to.join(", ")}` }]
      : []),
    ...(deadline_at
      ? [
          {
            when: deadline_at,
            what: `${state.status === "changes_requested" ? "unless it is changed" : "without a decision"} ${outcome}`,
          },
        ]
      : []),
  ];
}

/** What follows from the outcome, in a sentence. */
export function consequence({ status, subject }: ApprovalState): string {
  if (subject.kind === "request") return status === "approved" ? "It may go ahead." : "It does not go ahead.";
  if (subject.kind === "refund")
    return status === "approved" ? "The refund is made." : "The refund is not made.";
  return status === "approved"
    ? "The payment is captured."
    : "The authorization is released; the customer is not charged.";
}
