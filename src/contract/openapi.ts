import { z } from "zod";
import { EVENT_KEYS } from "../domain/order-view.ts";
import { createApproval } from "./approval-requests.ts";
import { listCheckpointsQuery, makeCheckpoint } from "./audit-checkpoints.ts";
import { createTimelineLink } from "./audit-timeline.ts";
import { decide, listApprovalsQuery, reassign, resend, revoke } from "./approvals.ts";
import { createDelegation, listDelegationsQuery } from "./delegations.ts";
import { listInboxQuery, readInboxQuery, replayInbox } from "./inbox.ts";
import {
  cancelOrder,
  createOrder,
  createRefund,
  eraseOrder,
  listOrdersQuery,
  MESSAGES,
  sendMessage,
} from "./orders.ts";
import { paging } from "./paging.ts";
import { startReconciliation } from "./reconciliations.ts";
import { WEBHOOK_OPERATIONS } from "./webhook-operations.ts";

export interface Operation {
  method: "get" | "post" | "patch" | "delete";
  path: string;
  /** In a few words. */
  summary: string;
  /** What is not obvious; the contract's silent corners are written down here. */
  description?: string;
  tag: "Orders" | "Events and messages" | "Audit" | "Approvals" | "Webhooks" | "Reconciliation" | "Operation";
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Needs `Idempotency-Key`. */
  idempotent?: boolean;
  success: number;
  /** Media types of the answer; JSON when absent. */
  produces?: string[];
  /** Without an API key. */
  open?: boolean;
}

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

/** Everything that the service answers, in the order in which a newcomer needs it. */
export const OPERATIONS: Operation[] = [
  {
    method: "post",
    path: "/v1/orders",
    summary: "Create an order",
    description:
      "Answers when the payment is open, or after 10 s with status `created` when the provider does not answer; the order goes on by itself. " +
      "Role admin. `payment.expires_in` (seconds, default 86400) is how long the customer may take. With `fulfilment: manual` the paid order " +
      "waits until each item is reported on topic `fulfilment`. " +
      "With `payment.capture: manual` the money is held until topic `capture`, and given back an hour before the authorization lapses.",
    tag: "Orders",
    body: createOrder,
    idempotent: true,
    success: 201,
  },
  {
    method: "get",
    path: "/v1/orders",
    summary: "List orders, newest first",
    tag: "Orders",
    query: z.object({ ...listOrdersQuery.shape, ...paging }),
    success: 200,
  },
  { method: "get", path: "/v1/orders/{id}", summary: "Read an order", tag: "Orders", success: 200 },
  {
    method: "post",
    path: "/v1/orders/{id}/cancel",
    summary: "Cancel an order that is not captured",
    description:
      "Role finance. 409 when it has ended or is captured. The answer is the order, after up to 2 s.",
    tag: "Orders",
    body: cancelOrder,
    success: 202,
  },
  {
    method: "post",
    path: "/v1/orders/{id}/refunds",
    summary: "Refund a captured order",
    description:
      "Role finance. Without `amount` all that is left. A large refund has status `awaiting_approval` until people decide.",
    tag: "Orders",
    body: createRefund,
    idempotent: true,
    success: 201,
  },
  {
    method: "post",
    path: "/v1/orders/{id}/erase",
    summary: "Erase the personal data of an order that has ended",
    description:
      "Role admin. The customer, descriptions, comments, reasons and notes are gone; amounts, ids, times and who decided stay, and the " +
      "trail stays valid. 409 while the order, a refund or an approval of it is open. 202 with `status: running` while the inbox is " +
      "still searched: send it again with the same Idempotency-Key to see the end.",
    tag: "Orders",
    body: eraseOrder,
    idempotent: true,
    success: 200,
  },
  {
    method: "get",
    path: "/v1/orders/{id}/events",
    summary: "Read every event as {key: value}",
    tag: "Events and messages",
    success: 200,
  },
  {
    method: "get",
    path: "/v1/orders/{id}/events/{key}",
    summary: "Read one event, or wait until it is set",
    description: `Keys: ${EVENT_KEYS.join(", ")}. 404 \`event_not_set\` when it is not set in time.`,
    tag: "Events and messages",
    query: z.object({ timeout: z.number().min(0).max(60).default(0) }),
    success: 200,
  },
  {
    method: "post",
    path: "/v1/orders/{id}/messages",
    summary: "Send a message to the order's workflow",
    description:
      `Topics: ${Object.keys(MESSAGES).join(", ")}. With an Idempotency-Key a repeated message counts once. ` +
      "`capture` takes what is authorized, or the part `amount` of it, once. " +
      "`amend` asks everybody again; 422 when the policy asks more of what the order becomes. " +
      "`resolve` decides on a held order: `accept` it as it is, or `give_back` the money. " +
      "What no longer applies is accepted too: the trail answers it with `message.ignored` and the reason.",
    tag: "Events and messages",
    body: sendMessage,
    success: 202,
  },
  {
    method: "get",
    path: "/v1/orders/{id}/audit",
    summary: "Read the trail, oldest first",
    description:
      "NDJSON and CSV stream all of it, by the header Accept or by `format`; `format=json` or `all=true` streams all as one JSON array.",
    tag: "Audit",
    query: auditQuery,
    success: 200,
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
  },
  {
    method: "get",
    path: "/v1/audit",
    summary: "Search the trails of all orders, newest first",
    tag: "Audit",
    query: auditAcross,
    success: 200,
    produces: ["application/json", "application/x-ndjson", "text/csv"],
  },
  {
    method: "get",
    path: "/v1/audit/entry-types",
    summary: "Read the catalogue of entry types, each with a JSON Schema of its data",
    tag: "Audit",
    success: 200,
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
  },
  {
    method: "get",
    path: "/v1/audit/checkpoints",
    summary: "List checkpoints, newest first",
    tag: "Audit",
    query: listCheckpointsQuery,
    success: 200,
  },
  {
    method: "get",
    path: "/v1/audit/checkpoints/{number}",
    summary: "Read a checkpoint as it was signed",
    tag: "Audit",
    success: 200,
  },
  {
    method: "get",
    path: "/.well-known/countersign-audit.json",
    summary: "Read the public keys that checkpoints are signed with",
    tag: "Audit",
    success: 200,
    open: true,
  },
  {
    method: "get",
    path: "/v1/approvals",
    summary: "List approvals, newest first",
    description:
      "`waiting_for` is an address in any spelling: what this person is asked now, also in somebody's place.",
    tag: "Approvals",
    query: z.object({ ...listApprovalsQuery.shape, ...paging }),
    success: 200,
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
  },
  { method: "get", path: "/v1/approvals/{id}", summary: "Read an approval", tag: "Approvals", success: 200 },
  {
    method: "post",
    path: "/v1/approvals/{id}/decisions",
    summary: "Decide as the key's user",
    description:
      "Role finance, for users whom the gate names; role admin decides in anybody's place, and the trail says so.",
    tag: "Approvals",
    body: decide,
    success: 200,
  },
  {
    method: "post",
    path: "/v1/approvals/{id}/remind",
    summary: "Remind everybody who has not decided",
    tag: "Approvals",
    success: 202,
  },
  {
    method: "post",
    path: "/v1/approvals/{id}/resend",
    summary: "Mail an approver's link again",
    tag: "Approvals",
    description: "Role support. The same link, to the approver on file only.",
    body: resend,
    success: 202,
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
  },
  {
    method: "post",
    path: "/v1/approvals/{id}/revoke",
    summary: "Take an approver's place and link at the open gate away",
    description: "Role admin. The quorum stays as it is; when too few people are left, it escalates.",
    tag: "Approvals",
    body: revoke,
    success: 202,
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
  },
  {
    method: "get",
    path: "/v1/delegations",
    summary: "List delegations, newest first",
    description: "Those that are over only with `ended=true`.",
    tag: "Approvals",
    query: z.object({ ...listDelegationsQuery.shape, ...paging }),
    success: 200,
  },
  {
    method: "get",
    path: "/v1/delegations/{id}",
    summary: "Read a delegation, and who made it",
    tag: "Approvals",
    success: 200,
  },
  {
    method: "delete",
    path: "/v1/delegations/{id}",
    summary: "Take a delegation back",
    description: "Roles as for making it. Open approvals ask `from` again at once.",
    tag: "Approvals",
    success: 204,
  },
  {
    method: "get",
    path: "/v1/webhooks/inbox",
    summary: "List received webhooks, newest first",
    description: "Those of an order are its tenant's; those of no order are shown to role admin.",
    tag: "Webhooks",
    query: z.object({ ...listInboxQuery.shape, ...paging }),
    success: 200,
  },
  {
    method: "get",
    path: "/v1/webhooks/inbox/{id}",
    summary: "Read a received webhook with headers and body, and what it did",
    description:
      "`entries` are those of the order's trail that name the event. Names, addresses, phone numbers, card digits and free text are masked " +
      "for the roles viewer and support. `raw=true` (role finance) adds the bytes as they came, `body_base64`.",
    tag: "Webhooks",
    query: readInboxQuery,
    success: 200,
  },
  {
    method: "post",
    path: "/v1/webhooks/inbox/{id}/replay",
    summary: "Take a received webhook in once more",
    description: "Role admin. For an order that knows it already nothing changes.",
    tag: "Webhooks",
    success: 200,
  },
  {
    method: "post",
    path: "/v1/webhooks/inbox/replay",
    summary: "Replay all that match a filter, at most 500 a call",
    description:
      "Role admin. With `dry_run` they are only counted, all of them. `next_cursor` goes into the next call's `cursor` until it is null.",
    tag: "Webhooks",
    body: replayInbox,
    success: 200,
  },
  {
    method: "post",
    path: "/webhooks/{provider}",
    summary: "Take in a provider's webhook",
    description:
      "By signature, at the path of each configured provider, such as `stripe`. 204, or what the provider wants to hear, once stored " +
      "and routed; 400 `invalid_signature`; any other answer asks for a retry: 408 when the body comes too slowly, 413 beyond 512 KiB, " +
      "429 and 503 with `Retry-After`.",
    tag: "Webhooks",
    success: 204,
    open: true,
  },
  ...WEBHOOK_OPERATIONS,
  {
    method: "post",
    path: "/v1/reconciliations",
    summary: "Compare open and recent orders with the provider",
    description:
      "Role finance. Answers at once; read the report until `status` is `finished`. Orders changed since `since` (default: three days ago) " +
      "and all open ones are compared; each that differs is told what the provider says, and is `repaired` when it agrees then.",
    tag: "Reconciliation",
    body: startReconciliation,
    success: 202,
  },
  {
    method: "get",
    path: "/v1/reconciliations",
    summary: "List reports, newest first; one is made each night",
    tag: "Reconciliation",
    query: z.object(paging),
    success: 200,
  },
  {
    method: "get",
    path: "/v1/reconciliations/{id}",
    summary: "Read a report with its differences",
    tag: "Reconciliation",
    success: 200,
  },
  {
    method: "get",
    path: "/healthz",
    summary: "Is the process alive",
    tag: "Operation",
    success: 200,
    open: true,
  },
  {
    method: "get",
    path: "/readyz",
    summary: "Can it take requests, and if not, why",
    tag: "Operation",
    success: 200,
    open: true,
  },
  {
    method: "get",
    path: "/metrics",
    summary: "Metrics for Prometheus",
    tag: "Operation",
    success: 200,
    produces: ["text/plain"],
    open: true,
  },
];

/** As clients send it: before defaults are filled in. Refinements that JSON Schema cannot say are said in the errors. */
const schemaOf = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any", target: "draft-2020-12" });

const pathParameters = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));

function queryParameters(query: z.ZodObject | undefined) {
  const { properties = {} } = query ? schemaOf(query) : {};
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: false, schema }));
}

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  required: true,
  description: "A random value, sent again with the same body when the request is repeated.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

const problem = {
  description: "What is wrong, and what to do",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

const operationOf = (operation: Operation) => ({
  operationId:
    `${operation.method}${operation.path.replace(/[^a-z]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`.replace(
      /\W/g,
      "",
    ),
  summary: operation.summary,
  ...(operation.description ? { description: operation.description } : {}),
  tags: [operation.tag],
  ...(operation.open ? { security: [] } : {}),
  parameters: [
    ...pathParameters(operation.path),
    ...queryParameters(operation.query),
    ...(operation.idempotent ? [idempotencyKey] : []),
  ],
  ...(operation.body
    ? {
        requestBody: {
          required: true,
          content: { "application/json": { schema: schemaOf(operation.body) } },
        },
      }
    : {}),
  responses: {
    [operation.success]:
      operation.success === 204
        ? { description: "Done" }
        : {
            description: "Done",
            content: Object.fromEntries(
              (operation.produces ?? ["application/json"]).map((type) => [type, { schema: {} }]),
            ),
          },
    "4XX": problem,
  },
});

/** The OpenAPI 3.1 document of the service at `url`. */
export function openApi(url: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS)
    (paths[operation.path] ??= {})[operation.method] = operationOf(operation);
  return {
    openapi: "3.1.0",
    info: {
      title: "Countersign",
      version: "1",
      description:
        "Durable orders, payments and approvals. Money is an integer in the currency's minor unit; times are RFC 3339 UTC.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: { apiKey: { type: "http", scheme: "bearer" } },
      schemas: {
        Problem: {
          type: "object",
          description: "RFC 9457 problem details; `code` is stable.",
          required: ["type", "title", "status", "code", "detail"],
          properties: {
            type: { type: "string" },
            title: { type: "string" },
            status: { type: "integer" },
            code: { type: "string" },
            detail: { type: "string" },
            instance: { type: "string" },
            errors: {
              type: "array",
              items: {
                type: "object",
                required: ["path", "message"],
                properties: { path: { type: "string" }, message: { type: "string" } },
              },
            },
          },
        },
      },
    },
  };
}
