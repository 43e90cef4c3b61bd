import type { ApprovalEffect, ApprovalMessage, ApprovalState } from "../domain/approval.ts";
import { approvalDue, approvalWakeAt, decideApproval, isApprovalAtRest } from "../domain/approval-decide.ts";
import { decideOrder, orderDue, orderWakeAt } from "../domain/order-decide.ts";
import { isAtRest, type OrderEffect, type OrderMessage, type OrderState } from "../domain/order.ts";
import { commitApproval } from "./commit-approval.ts";
import { commitOrder } from "./commit-order.ts";
import { eraseStored, isErasing } from "./erase.ts";
import type { Machine } from "./machine.ts";
import { WORKFLOW } from "./names.ts";

export const orderMachine: Machine<OrderState, OrderMessage, OrderEffect> = {
  workflow: WORKFLOW.order,
  table: "orders",
  decide: decideOrder,
  due: orderDue,
  wakeAt: orderWakeAt,
  isAtRest,
  commit: async (commit) => commitOrder(isErasing(commit) ? await eraseStored(commit) : commit),
  clock: { type: "clock" },
};

export const approvalMachine: Machine<ApprovalState, ApprovalMessage, ApprovalEffect> = {
  workflow: WORKFLOW.approval,
  table: "approvals",
  decide: (state, message, now) => ({ state: decideApproval(state, message, now), entries: [] }),
  due: approvalDue,
  wakeAt: approvalWakeAt,
  isAtRest: isApprovalAtRest,
  commit: commitApproval,
  clock: { type: "clock" },
};
