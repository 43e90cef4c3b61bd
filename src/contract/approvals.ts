import { z } from "zod";
import { APPROVAL_STATUSES, DECISIONS } from "../domain/approval.ts";
import { email, line, text } from "./text.ts";

const comment = text(2000)
  .transform((value) => value.trim() || null)
  .nullish()
  .transform((value) => value ?? null);

/** `POST /v1/approvals/:id/decisions` */
export const decide = z.strictObject({
  decision: z.enum(DECISIONS, `must be one of ${DECISIONS.join(", ")}`),
  comment,
  /** What was shown to whoever decides: 409 when something else is asked now. */
  content_hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "must be the content_hash of the approval as it was read")
    .optional(),
  /** The name of the gate that was shown: 409 when another one is open now. */
  gate: line(100).optional(),
});

/** The form on the approver's page. */
export const decisionForm = z.object({
  decision: z.enum(DECISIONS, `must be one of ${DECISIONS.join(", ")}`),
  comment,
  content_hash: z.string().max(64).optional(),
  /** What was typed where a gate asks for the amount. */
  confirm_amount: z.string().max(64).optional(),
});

/** `POST /v1/approvals/:id/resend` */
export const resend = z.strictObject({ approver: email });

/** `POST /v1/approvals/:id/reassign` */
export const reassign = z.strictObject({ from: email, to: email });

/** `POST /v1/approvals/:id/revoke` */
export const revoke = z.strictObject({ approver: email });

/** `GET /v1/approvals` */
export const listApprovalsQuery = z.strictObject({
  status: z.enum(APPROVAL_STATUSES, `must be one of ${APPROVAL_STATUSES.join(", ")}`).optional(),
  order_id: line(100).optional(),
  /** Who is asked now, in any spelling of the address; deputies, and not those who are away. */
  waiting_for: email.optional(),
});
