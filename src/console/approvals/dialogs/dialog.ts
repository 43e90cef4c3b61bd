import type { ApprovalAnswer } from "../../../contract/answers/approvals.ts";

/** What every dialog about an approval is given. */
export interface DialogProps {
  approval: ApprovalAnswer;
  opened: boolean;
  close: () => void;
}

/** What its command changes. */
export const changesOf = ({ id, order_id }: ApprovalAnswer): string[][] => [
  ["approval", id],
  ["approvals"],
  ["overview"],
  ...(order_id === null ? [] : [["order", order_id]]),
];

/** Whether somebody is asked now, in any spelling of the address. */
export const isAsked = ({ waiting_for }: ApprovalAnswer, user: string): boolean =>
  waiting_for.some((person) => person.toLowerCase() === user.toLowerCase());
