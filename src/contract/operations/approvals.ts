import { z } from "zod";
import * as answers from "../answer-schemas/approvals.ts";
import { createApproval } from "../approval-requests.ts";
import { listApprovalsQuery, decide, reassign, resend, revoke } from "../approvals.ts";
import { listDelegationsQuery, createDelegation } from "../delegations.ts";
import { paging } from "../paging.ts";
import type { Operation } from "./operation.ts";

/** Approvals, the people in them, and who stands in for whom. */
export const APPROVAL_OPERATIONS: Operation[] = [
  {
    method: "get",
    path: "/v1/approvals",
    summary: "List approvals, newest first",
    description:
      "`waiting_for` is an address in any spelling: what this person is asked now, also in somebody's place.",
    tag: "Approvals",
    query: z.object({ ...listApprovalsQuery.shape, ...paging }),
    success: 200,
    answer: answers.approvals,
  },
  {
    method: "post",
    path: "/v1/approvals",
    summary: "Ask people to approve anything, with or without an order",
    description:
      "Role finance. Who is asked: `gates` as given, else the policy's tier named in `ask`, else what the policy asks for an order of that amount. " +
      "The outcome is posted to `callback.url`, signed as Standard Webhooks with `callback.secret`; without one a secret is made and shown this once.",
    tag: "Approvals",
    body: createApproval,
    idempotent: true,
    success: 201,
    answer: answers.createdApproval,
    refuses: [422],
  },
  {
    method: "get",
    path: "/v1/approvals/{id}",
    summary: "Read an approval",
    tag: "Approvals",
    success: 200,
    answer: answers.approval,
  },
  {
    method: "post",
    path: "/v1/approvals/{id}/decisions",
    summary: "Decide as the key's user",
    description:
      "Role finance, for users whom the gate names; role admin decides in anybody's place, and the trail says so.",
    tag: "Approvals",
    body: decide,
    success: 200,
    also: [202],
    answer: answers.approval,
    refuses: [409],
  },
  {
    method: "post",
    path: "/v1/approvals/{id}/remind",
    summary: "Remind everybody who has not decided",
    tag: "Approvals",
    success: 202,
    answer: answers.command,
    refuses: [409],
  },
  {
    method: "post",
    path: "/v1/approvals/{id}/resend",
    summary: "Mail an approver's link again",
    tag: "Approvals",
    description: "Role support. The same link, to the approver on file only.",
    body: resend,
    success: 202,
    answer: answers.command,
    refuses: [409],
  },
  {
    method: "post",
    path: "/v1/approvals/{id}/reassign",
    summary: "Give an approver's place at the open gate to somebody else",
    description:
      "Role admin. `to` is asked, or whoever stands in for them; the link of `from` says so and decides nothing. 409 when `from` has decided, " +
      "403 when `to` requested it, 422 when `from` is not asked.",
    tag: "Approvals",
    body: reassign,
    success: 202,
    answer: answers.command,
    refuses: [409, 422],
  },
  {
    method: "post",
    path: "/v1/approvals/{id}/revoke",
    summary: "Take an approver's place and link at the open gate away",
    description: "Role admin. The quorum stays as it is; when too few people are left, it escalates.",
    tag: "Approvals",
    body: revoke,
    success: 202,
    answer: answers.command,
    refuses: [409, 422],
  },
  {
    method: "post",
    path: "/v1/delegations",
    summary: "Say who decides while somebody is away",
    description:
      "Role finance for the key's own user, role admin for anybody. At most a year; one at a time for each person (409). Open approvals that " +
      "name `from` ask `to` as soon as it begins, and `from` again when it is over. It is not handed on: whoever stands in does so alone, " +
      "also while away. Nobody stands in where they requested it, decided an earlier gate or are named at a later one.",
    tag: "Approvals",
    body: createDelegation,
    idempotent: true,
    success: 201,
    answer: answers.delegation,
    refuses: [409, 422],
  },
  {
    method: "get",
    path: "/v1/delegations",
    summary: "List delegations, newest first",
    description: "Those that are over only with `ended=true`.",
    tag: "Approvals",
    query: z.object({ ...listDelegationsQuery.shape, ...paging }),
    success: 200,
    answer: answers.delegations,
  },
  {
    method: "get",
    path: "/v1/delegations/{id}",
    summary: "Read a delegation, and who made it",
    tag: "Approvals",
    success: 200,
    answer: answers.delegation,
  },
  {
    method: "delete",
    path: "/v1/delegations/{id}",
    summary: "Take a delegation back",
    description: "Roles as for making it. Open approvals ask `from` again at once.",
    tag: "Approvals",
    success: 204,
  },
];
