import { z } from "zod";
import { ORDER_OPERATIONS } from "./operations/orders.ts";
import { AUDIT_OPERATIONS } from "./operations/audit.ts";
import { APPROVAL_OPERATIONS } from "./operations/approvals.ts";
import { INBOX_OPERATIONS } from "./operations/inbox.ts";
import { SERVICE_OPERATIONS } from "./operations/service.ts";
import { ACCESS_OPERATIONS } from "./operations/access.ts";
import { CONSOLE_OPERATIONS } from "./operations/console.ts";
import { ENDPOINT_OPERATIONS } from "./operations/endpoints.ts";
import type { Operation } from "./operations/operation.ts";

/** Everything that the service answers, in the order in which a newcomer needs it. */
export const OPERATIONS: Operation[] = [
  ...ORDER_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...APPROVAL_OPERATIONS,
  ...INBOX_OPERATIONS,
  ...ENDPOINT_OPERATIONS,
  ...ACCESS_OPERATIONS,
  ...CONSOLE_OPERATIONS,
  ...SERVICE_OPERATIONS,
];

/** A format says what its pattern would say in a hundred characters. */
const plain = ({ jsonSchema }: { jsonSchema: { format?: string; pattern?: string } }) => {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
};

/** As clients send it: before defaults are filled in. Refinements that JSON Schema cannot say are said in the errors. */
const schemaOf = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any", target: "draft-2020-12", override: plain });

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

/** What each status says, whatever is asked. The codes of a problem say more. */
const REFUSALS: Record<number, string> = {
  400: "The request is not valid: `errors` names each field and its remedy",
  401: "There is no API key, or none that is known",
  403: "The key's role may not do that",
  404: "There is no such thing, or it is another tenant's",
  406: "None of the accepted media types can be produced",
  408: "The body came too slowly; send it again",
  409: "The current state does not allow it, or the first request with this key is still running",
  413: "The body is too large",
  415: "The body is not `application/json`",
  422: "It is understood and cannot be carried out, or the key was used with another body",
  429: "Too many requests; `Retry-After` says when to ask again",
  500: "Something went wrong on our side; it is logged under the header `Request-Id`",
  503: "The database cannot answer, or the process is stopping; send it again after `Retry-After`",
};

/** Which refusals an operation can answer, as it follows from what it takes. */
export function refusalsOf(operation: Operation): number[] {
  const { path, query, body, idempotent, open, refuses = [] } = operation;
  const named = path.includes("{");
  const all = [
    ...(query || body || idempotent || named ? [400] : []),
    ...(open ? [] : [401, 403]),
    ...(named ? [404] : []),
    ...(body ? [408, 413, 415] : []),
    ...(idempotent ? [409, 422] : []),
    ...refuses,
    ...[429, 500, 503],
  ];
  return [...new Set(all)].filter((status) => !operation.also?.includes(status)).sort((a, b) => a - b);
}

/** Everything with an `id`, each once, referring to each other. */
const { schemas: ANSWERS } = z.toJSONSchema(z.globalRegistry, {
  target: "draft-2020-12",
  unrepresentable: "any",
  uri: (id) => `#/components/schemas/${id}`,
  // Fields may be added: who reads an answer takes those that it does not know.
  override: (context) => {
    plain(context);
    if (context.jsonSchema.additionalProperties === false) delete context.jsonSchema.additionalProperties;
  },
});

const answerSchemas = () =>
  Object.fromEntries(
    Object.entries(ANSWERS).map(([id, { $schema: _, $id: __, id: ___, ...schema }]) => [id, schema]),
  );

/** As JSON the answer; what is streamed is text. */
function contentOf({ answer, produces = ["application/json"] }: Operation) {
  const id = answer?.meta()?.id;
  const json = id === undefined ? {} : { $ref: `#/components/schemas/${id}` };
  return Object.fromEntries(
    produces.map((type) => [type, { schema: type === "application/json" ? json : { type: "string" } }]),
  );
}

function responsesOf(operation: Operation) {
  const problem = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  return {
    ...Object.fromEntries(
      [operation.success, ...(operation.also ?? [])].map((status) => [
        status,
        status === 204 ? { description: "Done" } : { description: "Done", content: contentOf(operation) },
      ]),
    ),
    ...Object.fromEntries(
      refusalsOf(operation).map((status) => [status, { description: REFUSALS[status], content: problem }]),
    ),
  };
}

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
  responses: responsesOf(operation),
});

const TAGS: Record<string, string> = {
  Orders: "What is to be paid, and what becomes of it.",
  "Events and messages": "What an order publishes, to look at or to wait for, and what it is told.",
  Audit: "The trail: paged, live, exported, verified and proven.",
  Approvals: "Whom people ask, who decides, and who stands in for whom.",
  Webhooks: "Those that are received from providers, and those that are sent to you.",
  Reconciliation: "Comparisons with the payment provider.",
  Access: "API keys that are made, changed and revoked while the service runs.",
  Console: "Sessions of people in a browser.",
  Operation: "For whoever watches the process.",
};

const tagsOf = (operations: Operation[]) =>
  [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name, description: TAGS[name] }));

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
    tags: tagsOf(OPERATIONS),
    paths,
    components: {
      securitySchemes: { apiKey: { type: "http", scheme: "bearer" } },
      schemas: {
        ...answerSchemas(),
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
