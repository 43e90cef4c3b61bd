import { z } from "zod";
import { ORDER_OPERATIONS } from "./operations/orders.ts";
import { AUDIT_OPERATIONS } from "./operations/audit.ts";
import { APPROVAL_OPERATIONS } from "./operations/approvals.ts";
import { INBOX_OPERATIONS } from "./operations/inbox.ts";
import { SERVICE_OPERATIONS } from "./operations/service.ts";
import { ENDPOINT_OPERATIONS } from "./operations/endpoints.ts";
import type { Operation } from "./operations/operation.ts";

/** Everything that the service answers, in the order in which a newcomer needs it. */
export const OPERATIONS: Operation[] = [
  ...ORDER_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...APPROVAL_OPERATIONS,
  ...INBOX_OPERATIONS,
  ...ENDPOINT_OPERATIONS,
  ...SERVICE_OPERATIONS,
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
