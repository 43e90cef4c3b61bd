import { z } from "zod";
import { APPROVAL_STATUSES, DECISIONS } from "../../domain/approval.ts";
import type {
  ApprovalAnswer,
  ApprovalView,
  CommandAnswer,
  CreatedApproval,
  DelegationAnswer,
} from "../answers/approvals.ts";
import { currency, hash, idOf, listOf, money, time } from "./fields.ts";

const view = {
  id: idOf("apr"),
  object: z.literal("approval"),
  version: z.int().describe("Rises with every change."),
  kind: z.enum(["order", "refund", "request"]),
  refund_id: idOf("rfd").nullable(),
  subject_hash: hash.nullable(),
  status: z.enum(APPROVAL_STATUSES),
  gate: z.string().nullable().describe("The one that is open."),
  needed: z.int().describe("Votes that the gate needs."),
  waiting_for: z.array(z.string()).describe("Who is asked now; deputies, and not those who are away."),
  votes: z.array(
    z.object({
      approver: z.string(),
      decision: z.enum(DECISIONS),
      comment: z.string().nullable(),
      at: time,
    }),
  ),
  deadline_at: time,
  decided_by: z.string().nullable(),
  decided_at: time.nullable(),
};

/** What an order shows of an approval. */
export const approvalView = z.object(view).meta({ id: "ApprovalSummary" }) satisfies z.ZodType<ApprovalView>;

const item = z.object({ sku: z.string(), quantity: z.int(), unit_amount: money });

const whole = {
  ...view,
  order_id: idOf("ord").nullable(),
  subject: z
    .looseObject({
      kind: z.enum(["order", "refund", "request"]),
      amount: money.nullable(),
      currency: currency.nullable(),
      reference: z.string(),
      description: z.string().nullable(),
      customer: z.string().nullable(),
      requested_by: z.string().nullable(),
      reason: z.string().nullable(),
      items: z.array(item),
      order_id: idOf("ord").nullable(),
    })
    .describe("What people are asked about: exactly what mail and page show."),
  content_hash: hash.describe("Of what is shown; a vote about anything else does not count."),
  revision: z.int(),
  amendments: z.array(
    z.object({
      revision: z.int(),
      at: time,
      by: z.string(),
      changes: z.array(z.object({ field: z.string(), before: z.string(), after: z.string() })),
    }),
  ),
  policy_version: z.string(),
  gates: z.array(
    z.object({
      name: z.string(),
      need: z.int(),
      approvers: z.array(z.string()),
      confirm_amount: z.boolean().exactOptional(),
    }),
  ),
  next: z
    .object({ remind_at: time.nullable(), escalate_at: time.nullable(), deadline_at: time.nullable() })
    .describe("What comes by itself when nobody decides."),
  comment: z.string().nullable(),
  history: z
    .array(
      z.object({
        type: z.string(),
        actor: z.object({
          type: z.enum(["api", "customer", "approver", "provider", "system", "operator"]),
          id: z.string(),
          source: z.string().exactOptional(),
        }),
        data: z.record(z.string(), z.unknown()),
        at: time,
      }),
    )
    .describe("What happened, of an approval without an order; otherwise the order's trail has it."),
  created_at: time,
  updated_at: time,
};

export const approval = z
  .object({ ...whole, callback: z.object({ url: z.string() }).nullable() })
  .meta({ id: "Approval" }) satisfies z.ZodType<ApprovalAnswer>;

export const createdApproval = z
  .object({ ...whole, callback: z.object({ url: z.string(), secret: z.string() }).nullable() })
  .meta({ id: "CreatedApproval" }) satisfies z.ZodType<CreatedApproval>;

export const approvals = listOf(approval, "ApprovalList");

export const command = z
  .object({ object: z.literal("command"), approval_id: idOf("apr"), accepted: z.literal(true) })
  .meta({ id: "Command" }) satisfies z.ZodType<CommandAnswer>;

export const delegation = z
  .object({
    id: idOf("dlg"),
    object: z.literal("delegation"),
    status: z.enum(["scheduled", "active", "ended"]),
    from: z.string(),
    to: z.string(),
    starts_at: time,
    ends_at: time,
    reason: z.string().nullable(),
    created_by: z.string(),
    created_at: time,
  })
  .meta({ id: "Delegation" }) satisfies z.ZodType<DelegationAnswer>;

export const delegations = listOf(delegation, "DelegationList");
