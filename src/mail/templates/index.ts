export { endpointDisabledMail, type EndpointDisabledView } from "./endpoint-disabled.ts";
export { alertMail, type AlertView } from "./alert.ts";
export { checkpointMail, type CheckpointView } from "./checkpoint.ts";
export { differencesMail, type ShownDifference } from "./differences.ts";
export type { AskView } from "./asked.ts";
export type { MailContent } from "./document.ts";
export {
  escalationMail,
  reminderMail,
  requestMail,
  type EscalationView,
  type ReminderView,
} from "./request.ts";
export { unreachableMail, type UnreachableView } from "./unreachable.ts";
export { noticeMail, outcomeMail, type NoticeReason, type NoticeView, type OutcomeView } from "./outcome.ts";
export type { Asked, CastVote, Change, NextStep } from "../wording.ts";
