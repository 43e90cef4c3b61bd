import { approvalWakeAt, decideApproval } from "./approval-decide.ts";
import { newApproval, type ApprovalState, type Subject } from "./approval.ts";
import type { PolicySubject } from "./policy-condition.ts";
import { planApproval, tierFor, type ApprovalPlan, type Gate, type Policy } from "./policy.ts";

/** A mail to some people, if nobody decides before. */
export interface ExplainedMail {
  /** RFC 3339; each person's working hours are kept. */
  at: string;
  mail: "request" | "reminder" | "escalation";
  people: string[];
}

/** One gate, and what happens while nobody decides. */
export interface ExplainedGate extends Gate {
  mails: ExplainedMail[];
  /** When the approval ends, whichever gate is open. */
  ends_at: string;
}

/** What a policy does about one subject that comes at a certain time. */
export interface Explanation {
  policy_version: string;
  tier: string;
  because: string;
  at: string;
  /** Null: nobody is asked. */
  plan: ApprovalPlan | null;
  /** In their order, each as if those before it had passed at once; empty when there is nobody whom it helps to ask. */
  gates: ExplainedGate[];
  /** What becomes of it when nobody decides, or when nobody is asked. */
  outcome: "approved" | "rejected";
}

/** Plays what happens from `at` on, by the rules that approvals follow. */
export function explainPolicy(policy: Policy, subject: PolicySubject, at: Date): Explanation {
  const plan = planApproval(policy, subject);
  return {
    policy_version: policy.version,
    ...tierFor(policy, subject),
    at: at.toISOString(),
    plan,
    gates: plan && !plan.obstacle ? plan.gates.map((gate, i) => playGate(plan, gate, i, subject, at)) : [],
    outcome: plan && plan.on_timeout !== "approve" ? "rejected" : "approved",
  };
}

function playGate(
  plan: ApprovalPlan,
  gate: Gate,
  index: number,
  about: PolicySubject,
  at: Date,
): ExplainedGate {
  const mails: ExplainedMail[] = [];
  const opened = { ...newApproval({ ...NO_ORDER, subject: subjectOf(about), plan }, at), gate: index };
  let state = sent(decideApproval(opened, { type: "opened" }, at), mails);
  let wake = approvalWakeAt(state, at);
  while (wake && state.status === "pending") {
    const now = new Date(wake);
    const next = decideApproval(state, { type: "clock" }, now);
    // Whatever time brings changes the state; without this a rule that forgets to would keep us here.
    if (next === state) break;
    state = sent(next, mails);
    wake = approvalWakeAt(state, now);
  }
  mails.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return { ...gate, mails, ends_at: state.deadline_at };
}

/** Takes the mails out of the state, as if each arrived in its time. */
function sent(state: ApprovalState, mails: ExplainedMail[]): ApprovalState {
  for (const { effect, due_at } of state.todo) {
    if (effect.kind !== "mail" || effect.mail === "outcome" || effect.mail === "notice") continue;
    const same = mails.find(({ at, mail }) => at === due_at && mail === effect.mail);
    if (same) same.people.push(effect.to);
    else mails.push({ at: due_at, mail: effect.mail, people: [effect.to] });
  }
  return { ...state, todo: [] };
}

const NO_ORDER = {
  id: "",
  tenant: "",
  order_id: "",
  refund_id: null,
  delegations: [],
  capture_before: null,
  callback: null,
};

const subjectOf = ({ kind, amount, currency, customer, requested_by }: PolicySubject): Subject => ({
  kind,
  amount,
  currency,
  customer,
  requested_by,
  reference: "",
  description: null,
  reason: null,
  items: [],
  order_id: "",
});
