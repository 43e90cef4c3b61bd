import { type OrderMessage, type OrderState, orderApproval } from "./order.ts";
import { type Step, ask, ignored, set, tell } from "./order-step.ts";
import { subjectOf } from "./order-subject.ts";
import { holdsAuthorization } from "./payment.ts";
import { changesBetween } from "./subject-changes.ts";

type AmendMessage = Extract<OrderMessage, { type: "amend" }>;

/** Changes what is ordered before it is captured: people are asked again, about what it is now. */
export function onAmend(step: Step, message: AmendMessage): Step {
  const { state } = step;
  const amended = amendedBy(state, message);
  const changes = changesBetween(subjectOf(state, null), subjectOf(amended, null));
  const because = obstacle(state, amended, message) ?? (changes.length === 0 ? "nothing changes" : null);
  if (because !== null) return ignored(step, "amend", message.actor, because);
  const told = tell(
    set(step, { facts: amended.facts, amended_amount: amended.amended_amount }),
    "order.amended",
    message.actor,
    {
      changes,
    },
  );
  const approval = orderApproval(state);
  const opening = state.todo.find(
    ({ effect }) => effect.kind === "open_approval" && effect.refund_id === null,
  );
  const approval_id =
    approval?.id ?? (opening?.effect.kind === "open_approval" ? opening.effect.approval_id : null);
  return approval_id === null ? told : ask(told, { kind: "amend_approval", approval_id, by: message.actor });
}

function amendedBy(state: OrderState, { change }: AmendMessage): OrderState {
  const { amount, ...facts } = change;
  const given = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  return {
    ...state,
    facts: { ...state.facts, ...given },
    amended_amount: amount ?? state.amended_amount,
  };
}

function obstacle(state: OrderState, amended: OrderState, { change }: AmendMessage): string | null {
  const { facts, payment, capture, plan } = state;
  if (state.ended_at !== null || state.ending !== null)
    return `the order is already ${state.ending?.status ?? state.status}`;
  if (plan === null) return "nobody is asked about this order";
  if (capture.asked !== null || payment.amount_captured > 0) return "the payment is already being captured";
  if (change.amount !== undefined && !holdsAuthorization(payment))
    return "the amount can be lowered as soon as the payment is authorized";
  const due = amended.amended_amount ?? facts.amount;
  if (due > facts.amount) return `at most ${facts.amount} can be captured: that is what was authorized`;
  const total = amended.facts.items.reduce((sum, item) => sum + item.quantity * item.unit_amount, 0);
  return amended.facts.items.length > 0 && total !== due
    ? `the items make ${total}, the amount is ${due}: change both together`
    : null;
}
