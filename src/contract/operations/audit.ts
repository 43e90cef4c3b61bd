import { z } from "zod";
import * as answers from "../answer-schemas/audit.ts";
import { timelineLink } from "../answer-schemas/orders.ts";
import { listCheckpointsQuery, makeCheckpoint } from "../audit-checkpoints.ts";
import { createTimelineLink } from "../audit-timeline.ts";
import { paging } from "../paging.ts";
import type { Operation } from "./operation.ts";

const whole = { format: z.enum(["json", "ndjson", "csv"]).optional(), all: z.boolean().optional() };
/** Personal values in their places, or beside each entry with their salts. */
const shown = { readable: z.boolean().optional(), proof: z.boolean().optional() };
const auditQuery = z.object({
  type: z.string().optional(),
  actor: z.string().optional(),
  after_seq: z.int().optional(),
  ...shown,
  ...whole,
  limit: paging.limit,
});
const auditAcross = z.object({
  type: z.string().optional(),
  actor: z.string().optional(),
  order_id: z.string().optional(),
  reference: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  ...shown,
  ...whole,
  ...paging,
});

/** The trail, across orders and of each; checkpoints and proofs. */
export const AUDIT_OPERATIONS: Operation[] = [
  {
    method: "get",
    path: "/v1/orders/{id}/audit",
    summary: "Read the trail, oldest first",
    description:
      "NDJSON and CSV stream all of it, by the header Accept or by `format`; `format=json` or `all=true` streams all as one JSON array.",
    tag: "Audit",
    query: auditQuery,
    success: 200,
    answer: answers.entries,
    refuses: [406],
    produces: ["application/json", "application/x-ndjson", "text/csv"],
  },
  {
    method: "get",
    path: "/v1/orders/{id}/audit/stream",
    summary: "Follow the trail live",
    description:
      "Server-sent events; the same path upgraded is a WebSocket. `Last-Event-ID` or `after_seq` resumes with no gap or repeat.",
    tag: "Audit",
    query: z.object({ after_seq: z.int().optional(), ...shown }),
    success: 200,
    produces: ["text/event-stream"],
  },
  {
    method: "get",
    path: "/v1/orders/{id}/audit/verify",
    summary: "Verify the trail's hash chain",
    tag: "Audit",
    success: 200,
    answer: answers.verdict,
  },
  {
    method: "get",
    path: "/v1/audit",
    summary: "Search the trails of all orders, newest first",
    tag: "Audit",
    query: auditAcross,
    success: 200,
    answer: answers.entries,
    refuses: [406],
    produces: ["application/json", "application/x-ndjson", "text/csv"],
  },
  {
    method: "get",
    path: "/v1/audit/entry-types",
    summary: "Read the catalogue of entry types, each with a JSON Schema of its data",
    tag: "Audit",
    success: 200,
    answer: answers.entryTypes,
  },
  {
    method: "get",
    path: "/v1/orders/{id}/audit/proof",
    summary: "Read the proof that a checkpoint states the order's trail",
    description:
      "The newest checkpoint that does, or the newest at or before `checkpoint`. 404 when none does yet. `countersign verify` reads it from a file.",
    tag: "Audit",
    query: z.object({ checkpoint: z.int().min(1).optional() }),
    success: 200,
    answer: answers.proof,
  },
  {
    method: "post",
    path: "/v1/orders/{id}/timeline-link",
    summary: "Make a link to the order's timeline, a page for people",
    description:
      "The page opens in a browser without an API key, shows this order's trail live, and nothing else, for `expires_in` seconds (900 when absent). " +
      "For role support and above it shows the webhooks behind the entries too.",
    tag: "Audit",
    body: createTimelineLink,
    success: 201,
    answer: timelineLink,
    refuses: [409],
  },
  {
    method: "post",
    path: "/v1/audit/checkpoints",
    summary: "Make a checkpoint now: a signed statement over all trails that have grown",
    description:
      "Role admin; one is made every hour without asking. `sweep` compares all orders. `accept_new_key` goes on with a key that the former " +
      "one has not named, because the former one is lost.",
    tag: "Audit",
    body: makeCheckpoint,
    success: 201,
    answer: answers.checkpoint,
    refuses: [409],
  },
  {
    method: "get",
    path: "/v1/audit/checkpoints",
    summary: "List checkpoints, newest first",
    tag: "Audit",
    query: listCheckpointsQuery,
    success: 200,
    answer: answers.checkpoints,
  },
  {
    method: "get",
    path: "/v1/audit/checkpoints/{number}",
    summary: "Read a checkpoint as it was signed",
    tag: "Audit",
    success: 200,
    answer: answers.checkpoint,
  },
  {
    method: "get",
    path: "/.well-known/countersign-audit.json",
    summary: "Read the public keys that checkpoints are signed with",
    tag: "Audit",
    success: 200,
    answer: answers.keys,
    open: true,
  },
];
