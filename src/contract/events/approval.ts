import { z } from "zod";
import { APPROVAL_STATUSES } from "../../domain/approval.ts";
import type { TOLD_OF_APPROVALS } from "../../domain/merchant-events.ts";
import { about, eventOf, time, typeOf } from "./envelope.ts";

export const APPROVAL_EVENTS: Record<(typeof TOLD_OF_APPROVALS)[number], string> = {
  "approval.requested": "People were asked, at its first gate or a further one.",
  "approval.voted": "One of them has answered.",
  "approval.escalated": "Others were asked as well, since nobody answered or could be reached.",
  "approval.amended": "What it is about was changed, and it is asked again.",
  "approval.approved": "It was given.",
  "approval.rejected": "It was refused.",
  "approval.changes_requested": "It was sent back: something is to be changed first.",
  "approval.expired": "Nobody decided in time.",
  "approval.withdrawn": "It is not needed any more.",
};

export const approvalEvent = eventOf(
  typeOf(APPROVAL_EVENTS),
  z.object({
    ...about("approval", "apr"),
    order_id: z.string().nullable(),
    refund_id: z.string().nullable(),
    kind: z.enum(["order", "refund", "request"]),
    status: z.enum(APPROVAL_STATUSES).describe("after the transition that is told of"),
    gate: z.string().nullable().describe("the one that is open"),
    needed: z.int().describe("votes that the gate needs"),
    deadline_at: time,
    decided_at: time.nullable(),
  }),
);
