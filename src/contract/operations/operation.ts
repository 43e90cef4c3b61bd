import type { z } from "zod";

/** One thing that the service answers, as its document describes it. */
export interface Operation {
  method: "get" | "post" | "patch" | "delete";
  path: string;
  /** In a few words. */
  summary: string;
  /** What is not obvious; the contract's silent corners are written down here. */
  description?: string;
  tag:
    | "Orders"
    | "Events and messages"
    | "Audit"
    | "Approvals"
    | "Webhooks"
    | "Reconciliation"
    | "Access"
    | "Console"
    | "Operation";
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Needs `Idempotency-Key`. */
  idempotent?: boolean;
  success: number;
  /** Further statuses with the same answer. */
  also?: number[];
  /** Of the JSON that it answers; its `id` names it in the document. */
  answer?: z.ZodType;
  /** What it refuses with beside what follows from its path, query, body and key. */
  refuses?: number[];
  /** Media types of the answer; JSON when absent. */
  produces?: string[];
  /** Without an API key. */
  open?: boolean;
}
