import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

export type Schema = Record<string, unknown> & {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
};

export interface Described {
  operationId: string;
  security?: unknown[];
  parameters: { name: string; in: "path" | "query" | "header"; required: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

export interface Document {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
}

/** What is wrong with an answer, held to the document; none: it is as documented, and holds nothing that is not. */
export function answersOf(document: Document) {
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  const components = strict(document.components) as Document["components"];
  const compiled = new Map<string, ValidateFunction>();
  const validator = (schema: Schema): ValidateFunction => {
    const text = JSON.stringify(schema);
    const known = compiled.get(text);
    if (known) return known;
    const made = ajv.compile({ ...(strict(schema) as object), components });
    compiled.set(text, made);
    return made;
  };
  return (described: Described, status: number, type: string, body: string): string[] => {
    const response = described.responses[status];
    if (!response) return [`status ${status} is not documented: ${body.slice(0, 200)}`];
    if (!response.content) return body === "" ? [] : [`status ${status} is documented without a body`];
    const media = type.split(";", 1)[0] ?? "";
    const content = response.content[media];
    if (!content) return [`status ${status}: ${media || "no media type"} is not documented`];
    if (!media.endsWith("json") || media.includes("ndjson")) return [];
    const validate = validator(content.schema);
    return validate(JSON.parse(body))
      ? []
      : (validate.errors ?? []).map(
          ({ instancePath, message, params }) =>
            `status ${status}: ${instancePath} ${message} ${JSON.stringify(params)}`,
        );
  };
}

/** The document lets fields be added; what is there today is all documented. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  const inside = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  const closed = "properties" in schema && !("additionalProperties" in schema) && "type" in schema;
  return closed ? { ...inside, additionalProperties: false } : inside;
}
