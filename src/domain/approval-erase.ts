import type { ApprovalEffect, ApprovalState, Subject, SubjectChange } from "./approval.ts";
import { withoutComments, withoutCustomer } from "./order-erase.ts";
import { ERASED, maskDraft } from "./personal.ts";
import { type Customer, PERSONAL_SUBJECT } from "./personal-fields.ts";
import type { Todo } from "./todo.ts";

/** An approval of an order whose personal data is erased: who decided what and when stays, what they wrote does not. */
export const erasedApproval = (state: ApprovalState, customer: Customer): ApprovalState => ({
  ...state,
  subject: erasedSubject(state.subject, customer),
  amendments: state.amendments.map((amendment) => ({
    ...amendment,
    changes: amendment.changes.map(erasedChange),
  })),
  votes: state.votes.map((vote) => ({ ...vote, comment: null })),
  concluded: state.concluded && { ...state.concluded, comment: null },
  history: state.history.map(({ at, ...draft }) => ({ at, ...maskDraft(draft, [customer]) })),
  todo: state.todo.map((work) => erasedWork(work, customer)),
});

const erasedSubject = (subject: Subject, customer: Customer): Subject => ({
  ...subject,
  customer: null,
  description: null,
  reason: null,
  requested_by: withoutCustomer(subject.requested_by, customer),
});

const erasedChange = (change: SubjectChange): SubjectChange =>
  PERSONAL_SUBJECT.has(change.field) ? { ...change, before: ERASED, after: ERASED } : change;

function erasedWork(work: Todo<ApprovalEffect>, customer: Customer): Todo<ApprovalEffect> {
  const { effect } = work;
  switch (effect.kind) {
    case "report":
      return {
        ...work,
        effect: {
          ...effect,
          view: withoutComments(effect.view),
          entries: effect.entries.map((entry) => maskDraft(entry, [customer])),
        },
      };
    case "callback":
      return { ...work, effect: { ...effect, view: withoutComments(effect.view) } };
    case "alert_operator":
      return { ...work, effect: { ...effect, reason: ERASED } };
    case "mail":
      return effect.notice?.kind === "withdrawn"
        ? { ...work, effect: { ...effect, notice: { ...effect.notice, reason: ERASED } } }
        : work;
  }
}
